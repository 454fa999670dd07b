package org.bookinfo.ratings.database;

import java.io.IOException;
import java.net.Socket;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;

import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;

import io.agroal.api.AgroalDataSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * The one connection to the database, which is kept open from read to read, and the timeout of whatever is done with it. Only
 * one thread may use it at a time; {@link #opened} and {@link #closeSocket} may be called by any.
 */
@Singleton
class DatabaseConnection {

    private static final Logger LOG = Logger.getLogger(DatabaseConnection.class);

    /** Saying goodbye needs no answer. */
    private static final Duration CLOSE_TIMEOUT = Duration.ofMillis(100);

    private final AgroalDataSource dataSource;
    private final DatabaseMetrics metrics;
    private final long lifetime;
    private final Watchdog watchdog;

    private final Object socketLock = new Object();
    private Socket socket;
    private boolean timedOut;

    private Connection connection;
    private long openedAt;

    DatabaseConnection(AgroalDataSource dataSource, DatabaseMetrics metrics, ScheduledExecutorService timer,
            @ConfigProperty(name = "ratings.connection-lifetime") Duration lifetime) {
        this.dataSource = dataSource;
        this.metrics = metrics;
        this.lifetime = lifetime.toNanos();
        watchdog = new Watchdog(timer, this::timeOut);
    }

    boolean isOpen() {
        return connection != null;
    }

    /** Whether it should be replaced before its next use. */
    boolean isOld() {
        return isOpen() && System.nanoTime() - openedAt > lifetime;
    }

    /**
     * Connects and logs in; {@link #setTimeout} comes before.
     *
     * @throws SQLException if that fails, or is not done in time
     */
    Connection open() throws SQLException {
        synchronized (socketLock) {
            socket = null;
        }
        try {
            connection = dataSource.getConnection();
        } catch (SQLException | RuntimeException e) {
            metrics.notConnected();
            throw e;
        }
        openedAt = System.nanoTime();
        metrics.connected();
        return connection;
    }

    /** From now on; what is under way when it has passed fails. */
    void setTimeout(long nanos) {
        synchronized (socketLock) {
            timedOut = false;
        }
        watchdog.set(System.nanoTime() + nanos);
    }

    void cancelTimeout() {
        watchdog.callOff();
    }

    /** Whether the timeout that was set last has passed. */
    boolean isTimedOut() {
        synchronized (socketLock) {
            return timedOut;
        }
    }

    /**
     * Whether the server has said anything since {@link #open} was called last. In dev mode, where {@link DatabaseSockets} is
     * out of the driver's sight, it is not known to have.
     */
    boolean isGreeted() {
        synchronized (socketLock) {
            return socket instanceof BooleanSupplier greeted && greeted.getAsBoolean();
        }
    }

    private void timeOut() {
        synchronized (socketLock) {
            timedOut = true;
        }
        closeSocket();
    }

    /** Takes note of the socket on which the driver is about to connect. */
    void opened(Socket socket) {
        synchronized (socketLock) {
            this.socket = socket;
            if (!timedOut) {
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

    /** Closes it without a word to the database, which may be the reason. */
    void abandon() {
        closeSocket();
        close();
    }

    /** Closes it, if it is open, as the server expects: it logs those that just break off. */
    @PreDestroy
    void close() {
        if (connection == null) {
            return;
        }
        setTimeout(CLOSE_TIMEOUT.toNanos());
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.debug("Closing a connection failed", e);
        } finally {
            cancelTimeout();
        }
        connection = null;
        metrics.disconnected();
    }
}
