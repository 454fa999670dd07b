package org.bookinfo.peers;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.mysqlclient.MySQLBuilder;
import io.vertx.mysqlclient.MySQLConnectOptions;
import io.vertx.mysqlclient.SslMode;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.SqlClient;

/** Asks the database once per request, many at a time on each connection. Each event loop has its own connections. */
public class RatingsVerticle extends VerticleBase {

    private static final String PATH = "/ratings/";

    private SqlClient client;

    public static void main(String... args) {
        int eventLoops = number("EVENT_LOOPS", Runtime.getRuntime().availableProcessors());
        Vertx.vertx().deployVerticle(RatingsVerticle.class, new DeploymentOptions().setInstances(eventLoops))
                .onFailure(failure -> {
                    failure.printStackTrace();
                    System.exit(1);
                });
    }

    @Override
    public Future<?> start() {
        MySQLConnectOptions options = new MySQLConnectOptions().setHost(System.getenv("MYSQL_DB_HOST"))
                .setPort(number("MYSQL_DB_PORT", 3306)).setUser(System.getenv("MYSQL_DB_USER"))
                .setPassword(System.getenv("MYSQL_DB_PASSWORD")).setDatabase("test").setCachePreparedStatements(true)
                .setPipeliningLimit(number("PIPELINE", 256))
                .setSslMode(SslMode.valueOf(System.getenv().getOrDefault("MYSQL_DB_SSL_MODE", "PREFERRED")))
                .setSslOptions(new ClientSSLOptions().setTrustAll(true));
        client = MySQLBuilder.client().with(new PoolOptions().setMaxSize(number("POOL", 1))).connectingTo(options)
                .using(vertx).build();
        return vertx.createHttpServer().requestHandler(this::answer).listen(number("PORT", 8080), "127.0.0.1");
    }

    private void answer(HttpServerRequest request) {
        if (!request.path().startsWith(PATH)) {
            request.response().setStatusCode(404).end();
            return;
        }
        int productId = Integer.parseInt(request.path().substring(PATH.length()));
        client.preparedQuery("SELECT Rating FROM ratings ORDER BY ReviewID LIMIT 2").execute().onComplete(rows -> {
            RowIterator<Row> each = rows.iterator();
            JsonObject ratings = new JsonObject().put("Reviewer1", next(each)).put("Reviewer2", next(each));
            request.response().putHeader("Content-Type", "application/json")
                    .end(new JsonObject().put("id", productId).put("ratings", ratings).toBuffer());
        }, failure -> request.response().setStatusCode(500).end());
    }

    private static int next(RowIterator<Row> rows) {
        Integer rating = rows.hasNext() ? rows.next().getInteger(0) : null;
        return rating == null ? 0 : rating;
    }

    private static int number(String variable, int fallback) {
        return Integer.parseInt(System.getenv().getOrDefault(variable, String.valueOf(fallback)));
    }
}
