package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.net.Socket;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

import io.quarkus.runtime.LaunchMode;
import org.bookinfo.ratings.diagnosis.Cause;
import org.bookinfo.ratings.diagnosis.Evidence;
import org.bookinfo.ratings.diagnosis.Phase;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.jboss.logging.Logger;

/**
 * One session at the database, from its login to its end.
 *
 * <p>The login has a thread of its own: a name lookup cannot be interrupted, and a login may take longer than a request
 * can wait. Afterwards only one thread may use the session at a time, but any thread may {@link #abort()} it.
 */
final class Session extends Thread implements BiConsumer<String, Socket>, BooleanSupplier {

    private static final Logger LOG = Logger.getLogger(Session.class);

    private final Callable<Connection> source;
    private final boolean tryNextAddress;
    private final Consumer<Session> finished;
    private final long startedAt = System.nanoTime();

    /** In dev mode, class loaders hide {@link DatabaseSockets} from the driver: nothing reports the progress. */
    private Phase phase = LaunchMode.current() == LaunchMode.DEVELOPMENT ? Phase.LOGIN : Phase.STARTED;
    private Socket socket;
    private boolean aborted;

    /** The login's result: one of them is set. */
    private Connection connection;
    private RatingsUnavailableException failure;

    private PreparedStatement statement;

    /**
     * @param tryNextAddress whether to begin with another address of the host than the last login used
     * @param finished called at the end of the login, on its thread
     */
    Session(Callable<Connection> source, boolean tryNextAddress, Consumer<Session> finished) {
        super("ratings-login");
        setDaemon(true);
        this.source = source;
        this.tryNextAddress = tryNextAddress;
        this.finished = finished;
    }

    /** Logs in. */
    @Override
    public void run() {
        try {
            connection = source.call();
            accept(Phase.STATEMENT.name(), null);
        } catch (Exception | Error e) {
            failure = failure(e);
            closeSocket(); // the driver leaves it open if the greeting is missing
        }
        finished.accept(this);
    }

    /**
     * Records the progress of the login. Called by {@link DatabaseSockets}.
     *
     * @param opened the socket that is about to connect, or null
     */
    @Override
    public synchronized void accept(String next, Socket opened) {
        phase = Phase.valueOf(next);
        if (opened != null) {
            socket = opened;
        }
        if (aborted) {
            closeSocket();
        }
    }

    /** Called by {@link DatabaseSockets}. */
    @Override
    public boolean getAsBoolean() {
        return tryNextAddress;
    }

    synchronized Phase phase() {
        return phase;
    }

    long ageNanos() {
        return System.nanoTime() - startedAt;
    }

    /** Why the login failed; null if it succeeded. */
    RatingsUnavailableException failure() {
        return failure;
    }

    /**
     * Reads the ratings of the first two reviews. Aborts the session if it fails for anything but an error that the
     * server sent or a value that is no rating.
     *
     * @param select gives a rating and its ReviewID for each review
     */
    Ratings read(String select) {
        try {
            if (statement == null) {
                // The driver's own: Agroal's keeps a record of every result, closed or not, while it is open itself.
                statement = connection.prepareStatement(select).unwrap(PreparedStatement.class);
            }
            try (ResultSet rows = statement.executeQuery()) {
                return new Ratings(nextRating(rows), nextRating(rows));
            }
        } catch (RatingsUnavailableException e) {
            throw e;
        } catch (SQLException | RuntimeException e) { // the driver answers malformed packets with unchecked exceptions
            RatingsUnavailableException unavailable = failure(e);
            if (!(e instanceof SQLException sent && sent.getErrorCode() != 0)) {
                discard();
            }
            throw unavailable;
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

    private RatingsUnavailableException failure(Throwable e) {
        RatingsUnavailableException unavailable = new RatingsUnavailableException(
                new Evidence(phase(), e, isAborted()));
        Logger.Level level = unavailable.cause() == Cause.INTERNAL_ERROR ? Logger.Level.ERROR : Logger.Level.DEBUG;
        LOG.logf(level, e, "The database failed: %s", unavailable.cause().label());
        return unavailable;
    }

    /** Ends every wait for the server. A lookup ends by itself. */
    synchronized void abort() {
        aborted = true;
        closeSocket();
    }

    synchronized boolean isAborted() {
        return aborted;
    }

    private synchronized void closeSocket() {
        try {
            if (socket != null) {
                socket.close();
            }
        } catch (IOException e) {
            LOG.debug("Closing a socket failed", e);
        }
    }

    /** Ends the session without a word to the server, which may be the reason. */
    void discard() {
        abort();
        close();
    }

    /** Ends the session as the server expects: it logs those that break off. */
    void close() {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException e) {
            LOG.debug("Closing a connection failed", e);
        }
    }
}
