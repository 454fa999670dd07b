package org.bookinfo.ratings.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Locale;

import jakarta.inject.Singleton;

import org.bookinfo.ratings.settings.Settings;
import org.jboss.logging.Logger;

/**
 * Reads the ratings with the one SQL statement, each time within a budget. Only one thread may use it at a time.
 */
@Singleton
class RatingsRepository {

    private static final Logger LOG = Logger.getLogger(RatingsRepository.class);

    /** The part of the deadline that a read may take as a whole. The rest is for what comes before and after it. */
    private static final double BUDGET = 0.9;

    /** The part that it may take on the connection at hand, where that is silent, before it tries a new one. */
    private static final double TIMEOUT_AT_HAND = 0.4;

    /**
     * The least part, and the most, that connecting may take where no connection is at hand. Between them it is twice what
     * it took last time: attempts during an outage should be short, so that the end of the outage is found soon, but not
     * shorter than a login to a server far away.
     */
    private static final double LEAST_CONNECT_TIMEOUT = 0.5;
    private static final double MOST_CONNECT_TIMEOUT = 1;

    /** When the server itself gives up, a little before the socket is closed: so the locked table loses its waiter. */
    private static final double STATEMENT_TIMEOUT = 0.35;

    private final DatabaseConnection connection;
    private final DatabaseState state;
    private final Settings settings;
    private final String select;
    private final long deadline;
    private final long timeoutAtHand;

    private PreparedStatement statement;
    private long connectTimeout;

    RatingsRepository(DatabaseConnection connection, DatabaseState state, Settings settings) {
        this.connection = connection;
        this.state = state;
        this.settings = settings;
        deadline = settings.deadline().toNanos();
        timeoutAtHand = (long) (deadline * TIMEOUT_AT_HAND);
        connectTimeout = (long) (deadline * MOST_CONNECT_TIMEOUT);
        select = select((long) (deadline * STATEMENT_TIMEOUT / 1_000_000));
    }

    /**
     * The statement with its timeout, in one round trip, for MariaDB (the comment that only it executes) and for MySQL
     * (the hint, which MariaDB takes for a comment). The order is the contract's, and LIMIT keeps a large table cheap.
     */
    private static String select(long timeoutMillis) {
        return String.format(Locale.ROOT,
                "/*M!100102 SET STATEMENT max_statement_time=%.3f FOR */ SELECT /*+ MAX_EXECUTION_TIME(%d) */"
                        + " Rating, ReviewID FROM ratings ORDER BY ReviewID LIMIT 2",
                timeoutMillis / 1000.0, timeoutMillis);
    }

    /**
     * Reads the ratings of the first two reviews by ReviewID; one that is missing or NULL is 0. A connection that was used
     * before may have died meanwhile, so whatever fails on it is tried once more on a new one. A connection on which
     * anything failed is closed.
     *
     * @throws RatingsUnavailableException if the database does not give them within the deadline; at the start of the process,
     *         within the time that {@link DatabaseState} gives the first read
     */
    Ratings read() {
        if (connection.isOld()) {
            connection.close();
        }
        if (!connection.isOpen()) {
            return readOnNewConnection(state.isKnown() ? connectTimeout : DatabaseState.FIRST_READ.toNanos());
        }
        long start = System.nanoTime();
        connection.setTimeout(timeoutAtHand);
        try {
            return select();
        } catch (SQLException | RuntimeException e) {
            LOG.debug("Trying again on a new connection", e);
            connection.abandon();
        } finally {
            connection.cancelTimeout();
        }
        return readOnNewConnection((long) (deadline * BUDGET) - (System.nanoTime() - start));
    }

    private Ratings readOnNewConnection(long timeout) {
        long start = System.nanoTime();
        connection.setTimeout(timeout);
        try {
            Connection opened = connection.open();
            // The driver's own: Agroal's keeps a record of every result, closed or not, for as long as it is open itself.
            statement = opened.prepareStatement(select).unwrap(PreparedStatement.class);
            Ratings ratings = select();
            state.loggedIn(ExcessPrivileges.found(opened));
            connectTimeout = (long) Math.min(deadline * MOST_CONNECT_TIMEOUT,
                    Math.max(deadline * LEAST_CONNECT_TIMEOUT, 2.0 * (System.nanoTime() - start)));
            return ratings;
        } catch (SQLException | RuntimeException e) {
            RatingsUnavailableException unavailable = unavailable(e);
            connection.abandon();
            throw unavailable;
        } finally {
            connection.cancelTimeout();
        }
    }

    private Ratings select() throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            return new Ratings(nextRating(rows), nextRating(rows));
        }
    }

    /** @throws RatingsUnavailableException if it is no whole number of 32 bits */
    private static int nextRating(ResultSet rows) throws SQLException {
        if (!rows.next()) {
            return 0;
        }
        try {
            return rows.getInt(1); // makes 0 of NULL
        } catch (SQLException | RuntimeException e) { // the row is here as a whole: only its value can be the reason
            throw new RatingsUnavailableException(DatabaseFailure.RATING_INVALID, "ReviewID " + rows.getString(2),
                    false);
        }
    }

    private RatingsUnavailableException unavailable(Exception e) {
        if (e instanceof RatingsUnavailableException invalid) {
            return invalid;
        }
        // The driver answers malformed packets with unchecked exceptions of any kind.
        SQLException failed = e instanceof SQLException s ? s : new SQLException("malformed answer", e);
        boolean loggedIn = connection.isOpen();
        boolean greeted = connection.isGreeted();
        DatabaseFailure failure = connection.isTimedOut()
                ? DatabaseFailure.NO_ANSWER
                : DatabaseFailure.from(failed, loggedIn, greeted);
        LOG.debugf(e, "Reading from %s failed: %s", settings.address(), failure.label());
        return new RatingsUnavailableException(failure, failed.getSQLState() + "/" + failed.getErrorCode(),
                !loggedIn && failure.isBrokenOffLogin(failed, greeted));
    }
}
