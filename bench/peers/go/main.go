// Asks the database once per request, on a connection of database/sql's pool.
package main

import (
	"database/sql"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

type ratings struct {
	Reviewer1 int
	Reviewer2 int
}

type productRatings struct {
	ID      int     `json:"id"`
	Ratings ratings `json:"ratings"`
}

func main() {
	config := mysql.NewConfig()
	config.Net = "tcp"
	config.Addr = os.Getenv("MYSQL_DB_HOST") + ":" + os.Getenv("MYSQL_DB_PORT")
	config.User = os.Getenv("MYSQL_DB_USER")
	config.Passwd = os.Getenv("MYSQL_DB_PASSWORD")
	config.DBName = "test"
	if os.Getenv("MYSQL_DB_SSL_MODE") != "DISABLED" {
		config.TLSConfig = "preferred"
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		log.Fatal(err)
	}
	database := sql.OpenDB(connector)
	pool := 8
	if set := os.Getenv("POOL"); set != "" {
		if pool, err = strconv.Atoi(set); err != nil {
			log.Fatal(err)
		}
	}
	database.SetMaxOpenConns(pool)
	database.SetMaxIdleConns(pool) // 2 by default: the others would log in for each request
	statement, err := database.Prepare("SELECT Rating FROM ratings ORDER BY ReviewID LIMIT 2")
	if err != nil {
		log.Fatal(err)
	}

	http.HandleFunc("/ratings/", func(response http.ResponseWriter, request *http.Request) {
		id, err := strconv.Atoi(strings.TrimPrefix(request.URL.Path, "/ratings/"))
		if err != nil {
			http.Error(response, "please provide numeric product ID", http.StatusBadRequest)
			return
		}
		found, err := find(statement)
		if err != nil {
			http.Error(response, "could not perform select", http.StatusInternalServerError)
			return
		}
		body, err := json.Marshal(productRatings{id, found})
		if err != nil {
			http.Error(response, "could not write ratings", http.StatusInternalServerError)
			return
		}
		response.Header().Set("Content-Type", "application/json")
		response.Write(body)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

func find(statement *sql.Stmt) (ratings, error) {
	rows, err := statement.Query()
	if err != nil {
		return ratings{}, err
	}
	defer rows.Close()
	var values [2]sql.NullInt32
	for i := 0; i < len(values) && rows.Next(); i++ {
		if err := rows.Scan(&values[i]); err != nil {
			return ratings{}, err
		}
	}
	return ratings{int(values[0].Int32), int(values[1].Int32)}, rows.Err()
}
