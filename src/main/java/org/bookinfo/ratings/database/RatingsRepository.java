package org.bookinfo.ratings.database;

import java.io.IOException;
import java.net.Socket;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ScheduledExecutorService;
import java.util.regex.Pattern;

import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;

import io.agroal.api.AgroalDataSource;
import org.bookinfo.ratings.settings.Settings;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Reads the ratings with the one SQL statement, each time within a bound. It keeps one connection open from read to read;
 * only one thread may use it at a time.
 */
@Singleton
class RatingsRepository {

    private static final Logger LOG = Logger.getLogger(RatingsRepository.class);

    /** The part of the deadline that a read may take as a whole. The rest is for what comes before and after it. */
    private static final double BOUND = 0.9;

    /** The part that it may take on the connection at hand, where that is silent, before it tries a new one. */
    private static final double BOUND_AT_HAND = 0.4;

    /**
     * The least part, and the most, that connecting may take where no connection is at hand. Between them it is twice what
     * it took last time: attempts during an outage should be short, so that the end of the outage is found soon, but not
     * shorter than a login to a server far away.
     */
    private static final double LEAST_BOUND_NEW = 0.5;
    private static final double MOST_BOUND_NEW = 1;

    /** When the server itself gives up, a little before the socket is closed: so the locked table loses its waiter. */
    private static final double BOUND_OF_STATEMENT = 0.35;

    /** What SHOW GRANTS shows of an account that may read the table and nothing else. */
    private static final Pattern LEAST_PRIVILEGE = Pattern
            .compile(
                    "GRANT (USAGE ON \\*\\.\\*|SELECT( \\([^)]*\\))? ON `test`\\.`ratings`) TO (?!.* WITH GRANT OPTION).*");

    private final AgroalDataSource dataSource;
    private final Settings settings;
    private final DatabaseMetrics metrics;
    private final String select;
    private final long deadline;
    private final long boundAtHand;
    private final long lifetime;
    private final Watchdog watchdog;

    private final Object socketLock = new Object();
    private Socket socket;
    private boolean expired;

    private Session session;
    private PreparedStatement statement;
    private long boundNew;
    private volatile boolean mayDoMore;

    private record Session(Connection connection, long openedAt) {
    }

    RatingsRepository(AgroalDataSource dataSource, Settings settings, DatabaseMetrics metrics,
            ScheduledExecutorService timer,
            @ConfigProperty(name = "ratings.connection-lifetime") Duration lifetime) {
        this.dataSource = dataSource;
        this.settings = settings;
        this.metrics = metrics;
        this.lifetime = lifetime.toNanos();
        this.deadline = settings.deadline().toNanos();
        boundAtHand = (long) (deadline * BOUND_AT_HAND);
        boundNew = (long) (deadline * MOST_BOUND_NEW);
        select = select((long) (deadline * BOUND_OF_STATEMENT / 1_000_000));
        watchdog = new Watchdog(timer, this::expire);
    }

    /**
     * The statement with its time limit, in one round trip, for MariaDB (the comment that only it executes) and for MySQL
     * (the hint, which MariaDB takes for a comment). The order is the contract's, and LIMIT keeps a large table cheap.
     */
    private static String select(long limitMillis) {
        return String.format(Locale.ROOT,
                "/*M!100102 SET STATEMENT max_statement_time=%.3f FOR */ SELECT /*+ MAX_EXECUTION_TIME(%d) */ Rating"
                        + " FROM ratings ORDER BY ReviewID LIMIT 2",
                limitMillis / 1000.0, limitMillis);
    }

    /** Whether the account of the connection at hand may do more than read the table. */
    boolean mayDoMore() {
        return mayDoMore;
    }

    /**
     * Reads the ratings of the first two reviews by ReviewID; one that is missing or NULL is 0. A connection that was used
     * before may have died meanwhile, so whatever fails on it is tried once more on a new one. A connection on which
     * anything failed is closed.
     *
     * @throws RatingsUnavailableException if the database does not give them within the deadline
     */
    Ratings read() {
        if (session != null && System.nanoTime() - session.openedAt > lifetime) {
            close();
        }
        if (session == null) {
            return readOnNewConnection(boundNew);
        }
        long start = System.nanoTime();
        startBound(boundAtHand);
        try {
            return select();
        } catch (SQLException | RuntimeException e) {
            LOG.debug("Trying again on a new connection", e);
            abandon();
        } finally {
            watchdog.callOff();
        }
        return readOnNewConnection((long) (deadline * BOUND) - (System.nanoTime() - start));
    }

    private Ratings readOnNewConnection(long bound) {
        long start = System.nanoTime();
        startBound(bound);
        boolean loggedIn = false;
        try {
            session = new Session(dataSource.getConnection(), System.nanoTime());
            loggedIn = true;
            metrics.connected();
            // The driver's own: Agroal's keeps a record of every result, closed or not, for as long as it is open itself.
            statement = session.connection.prepareStatement(select).unwrap(PreparedStatement.class);
            Ratings ratings = select();
            mayDoMore = mayDoMore(session);
            boundNew = (long) Math.min(deadline * MOST_BOUND_NEW,
                    Math.max(deadline * LEAST_BOUND_NEW, 2.0 * (System.nanoTime() - start)));
            return ratings;
        } catch (SQLException | RuntimeException e) {
            RatingsUnavailableException unavailable = unavailable(e, loggedIn);
            if (!loggedIn) {
                metrics.notConnected();
            }
            abandon();
            throw unavailable;
        } finally {
            watchdog.callOff();
        }
    }

    private void startBound(long nanos) {
        synchronized (socketLock) {
            expired = false;
        }
        watchdog.set(System.nanoTime() + nanos);
    }

    private void expire() {
        synchronized (socketLock) {
            expired = true;
        }
        closeSocket();
    }

    /** Takes note of the socket on which the driver is about to connect. */
    void opened(Socket socket) {
        synchronized (socketLock) {
            this.socket = socket;
            if (!expired) {
                return;
            }
        }
        closeSocket(); // of a host with several addresses, the driver tries one after the other
    }

    /** Ends every wait for the database, in whatever phase. */
    void closeSocket() {
        Socket current;
        synchronized (socketLock) {
            current = socket;
        }
        if (current != null) {
            try {
                current.close();
            } catch (IOException e) {
                LOG.debug("Closing a socket failed", e);
            }
        }
    }

    private Ratings select() throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            return new Ratings(nextRating(rows), nextRating(rows));
        }
    }

    private static int nextRating(ResultSet rows) throws SQLException {
        return rows.next() ? rows.getInt(1) : 0; // getInt makes 0 of NULL
    }

    private static boolean mayDoMore(Session session) {
        try (Statement statement = session.connection.createStatement();
                ResultSet grants = statement.executeQuery("SHOW GRANTS")) {
            while (grants.next()) {
                if (!LEAST_PRIVILEGE.matcher(grants.getString(1)).matches()) {
                    return true;
                }
            }
            return false;
        } catch (SQLException e) {
            LOG.debug("The server does not tell the account's grants", e); // a proxy in front of it may not know them
            return false;
        }
    }

    private RatingsUnavailableException unavailable(Exception e, boolean loggedIn) {
        // The driver answers malformed packets with unchecked exceptions of any kind.
        SQLException failed = e instanceof SQLException s ? s : new SQLException("malformed answer", e);
        DatabaseFailure failure = isExpired() ? DatabaseFailure.NO_ANSWER : DatabaseFailure.from(failed, loggedIn);
        LOG.debugf(e, "Reading from %s failed: %s", settings.address(), failure.label());
        return new RatingsUnavailableException(failure, failed.getSQLState() + "/" + failed.getErrorCode(),
                DatabaseFailure.brokeOffLogin(failed, loggedIn));
    }

    private boolean isExpired() {
        synchronized (socketLock) {
            return expired;
        }
    }

    /** Closes the connection at hand without waiting for the database, which may be the reason. */
    private void abandon() {
        closeSocket();
        close();
    }

    /** Closes the connection at hand, if there is one, as the server expects: it logs those that just break off. */
    @PreDestroy
    void close() {
        if (session == null) {
            return;
        }
        startBound(boundAtHand);
        try {
            session.connection.close();
        } catch (SQLException e) {
            LOG.debug("Closing a connection failed", e);
        } finally {
            watchdog.callOff();
        }
        session = null;
        metrics.disconnected();
    }
}
