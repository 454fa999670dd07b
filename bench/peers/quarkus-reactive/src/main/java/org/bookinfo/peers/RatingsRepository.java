package org.bookinfo.peers;

import java.util.concurrent.CompletionStage;

import io.vertx.core.Vertx;
import io.vertx.mysqlclient.MySQLBuilder;
import io.vertx.mysqlclient.MySQLConnectOptions;
import io.vertx.mysqlclient.SslMode;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.SqlClient;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Asks the database once per call, many at a time on each connection. */
@Singleton
class RatingsRepository {

    private final SqlClient client;

    RatingsRepository(Vertx vertx, @ConfigProperty(name = "MYSQL_DB_HOST") String host,
            @ConfigProperty(name = "MYSQL_DB_PORT") int port, @ConfigProperty(name = "MYSQL_DB_USER") String user,
            @ConfigProperty(name = "MYSQL_DB_PASSWORD") String password,
            @ConfigProperty(name = "MYSQL_DB_SSL_MODE", defaultValue = "PREFERRED") SslMode sslMode,
            @ConfigProperty(name = "POOL", defaultValue = "8") int pool,
            @ConfigProperty(name = "PIPELINE", defaultValue = "256") int pipeline) {
        MySQLConnectOptions options = new MySQLConnectOptions().setHost(host).setPort(port).setUser(user)
                .setPassword(password).setDatabase("test").setCachePreparedStatements(true)
                .setPipeliningLimit(pipeline).setSslMode(sslMode);
        options.setTrustAll(true);
        client = MySQLBuilder.client().with(new PoolOptions().setMaxSize(pool)).connectingTo(options).using(vertx)
                .build();
    }

    CompletionStage<ProductRatings> find(int productId) {
        return client.preparedQuery("SELECT Rating FROM ratings ORDER BY ReviewID LIMIT 2").execute().map(rows -> {
            RowIterator<Row> each = rows.iterator();
            return new ProductRatings(productId, new Ratings(next(each), next(each)));
        }).toCompletionStage();
    }

    private static int next(RowIterator<Row> rows) {
        Integer rating = rows.hasNext() ? rows.next().getInteger(0) : null;
        return rating == null ? 0 : rating;
    }
}
