package org.bookinfo.ratings.reads;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.jboss.logging.Logger;

/**
 * One session at the database, with its prepared SELECT. Only one thread may use it at a time.
 */
final class Session {

    private static final Logger LOG = Logger.getLogger(Session.class);

    private final Connection connection;
    private final ConnectionProgress progress;
    private PreparedStatement statement;

    Session(Connection connection, ConnectionProgress progress) {
        this.connection = connection;
        this.progress = progress;
    }

    /**
     * Reads the ratings of the first two reviews.
     *
     * @param select gives a rating and its ReviewID for each review
     * @throws RatingsUnavailableException if a rating is not a whole number of 32 bits
     */
    Ratings read(String select) throws SQLException {
        if (statement == null) {
            // The driver's own: Agroal's keeps a record of every result, closed or not, for as long as it is open
            // itself.
            statement = connection.prepareStatement(select).unwrap(PreparedStatement.class);
        }
        try (ResultSet rows = statement.executeQuery()) {
            return new Ratings(nextRating(rows), nextRating(rows));
        }
    }

    private static int nextRating(ResultSet rows) throws SQLException {
        if (!rows.next()) {
            return 0;
        }
        try {
            return rows.getInt(1); // makes 0 of NULL
        } catch (SQLException | RuntimeException e) { // the row is complete: only its value can be the reason
            throw RatingsUnavailableException.invalidRating("ReviewID " + rows.getString(2));
        }
    }

    ConnectionProgress progress() {
        return progress;
    }

    /** Ends the session without a word to the server, which may be the reason. */
    void abort() {
        progress.abort();
        close();
    }

    /** Ends the session as the server expects: it logs those that break off. */
    void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.debug("Closing a connection failed", e);
        }
    }
}
