// As the original does: logs in to the database for each request, asks it once, and leaves.
'use strict'

const http = require('http')
const mysql = require('mysql')

const options = {
  host: process.env.MYSQL_DB_HOST,
  port: process.env.MYSQL_DB_PORT,
  user: process.env.MYSQL_DB_USER,
  password: process.env.MYSQL_DB_PASSWORD,
  database: 'test'
}

function answer (response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}

http.createServer((request, response) => {
  const id = parseInt(request.url.split('/').pop(), 10)
  if (Number.isNaN(id)) {
    return answer(response, 400, { error: 'please provide numeric product ID' })
  }
  const connection = mysql.createConnection(options)
  connection.connect(refused => {
    if (refused) {
      return answer(response, 503, { error: 'could not connect to ratings database' })
    }
    connection.query('SELECT Rating FROM ratings', (failed, rows) => {
      if (failed) {
        answer(response, 500, { error: 'could not perform select' })
      } else {
        const [first, second] = rows.map(row => row.Rating)
        answer(response, 200, { id, ratings: { Reviewer1: first || 0, Reviewer2: second || 0 } })
      }
      connection.end()
    })
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
