package org.bookinfo.peers;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

import io.agroal.api.AgroalDataSource;
import jakarta.inject.Singleton;

/** Asks the database once per call, on a connection of the pool. */
@Singleton
class RatingsRepository {

    private final AgroalDataSource dataSource;

    RatingsRepository(AgroalDataSource dataSource) {
        this.dataSource = dataSource;
    }

    ProductRatings find(int productId) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection
                        .prepareStatement("SELECT Rating FROM ratings ORDER BY ReviewID LIMIT 2");
                ResultSet rows = statement.executeQuery()) {
            return new ProductRatings(productId, new Ratings(next(rows), next(rows)));
        }
    }

    private static int next(ResultSet rows) throws SQLException {
        return rows.next() ? rows.getInt(1) : 0;
    }
}
