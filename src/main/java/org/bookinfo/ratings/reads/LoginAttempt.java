package org.bookinfo.ratings.reads;

import java.net.Socket;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

import org.bookinfo.ratings.diagnosis.Evidence;
import org.bookinfo.ratings.diagnosis.Phase;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.jboss.logging.Logger;

/**
 * An attempt to connect and log in, on a thread of its own: a name lookup cannot be interrupted, and a login may take
 * longer than a request can wait.
 */
final class LoginAttempt extends Thread implements BiConsumer<String, Socket>, BooleanSupplier {

    private static final Logger LOG = Logger.getLogger(LoginAttempt.class);

    private final ConnectionSource source;
    private final boolean tryNextAddress;
    private final ConnectionProgress progress = new ConnectionProgress();
    private final Consumer<LoginAttempt> finished;
    private final long startedAt = System.nanoTime();

    /** One of them is set when it has finished. */
    private volatile Session session;
    private volatile RatingsUnavailableException failure;

    /** Opens connections, as {@link javax.sql.DataSource#getConnection()}. */
    interface ConnectionSource {
        Connection open() throws SQLException;
    }

    /**
     * @param tryNextAddress whether to begin with another address of the host than the last attempt used
     * @param finished is called at the end, on the attempt's thread
     */
    LoginAttempt(ConnectionSource source, boolean tryNextAddress, Consumer<LoginAttempt> finished) {
        super("ratings-login");
        setDaemon(true);
        this.source = source;
        this.tryNextAddress = tryNextAddress;
        this.finished = finished;
    }

    /** Called by {@link DatabaseSockets}. */
    @Override
    public void accept(String phase, Socket socket) {
        if (socket == null) {
            progress.reached(Phase.valueOf(phase));
        } else {
            progress.opened(socket);
        }
    }

    /** Called by {@link DatabaseSockets}. */
    @Override
    public boolean getAsBoolean() {
        return tryNextAddress;
    }

    @Override
    public void run() {
        try {
            session = new Session(source.open(), progress);
            progress.reached(Phase.STATEMENT);
        } catch (SQLException | RuntimeException e) { // the driver answers malformed packets with unchecked exceptions
            Evidence evidence = new Evidence(progress.phase(), e, false);
            failure = new RatingsUnavailableException(evidence);
            LOG.debugf(e, "A login failed: %s", failure.cause().label());
        } catch (Error e) {
            LOG.error("A login failed unexpectedly", e);
            failure = RatingsUnavailableException.internal(e);
        }
        finished.accept(this);
    }

    /** @return null if the attempt has failed */
    Session session() {
        return session;
    }

    /** @return null if the attempt has succeeded */
    RatingsUnavailableException failure() {
        return failure;
    }

    ConnectionProgress progress() {
        return progress;
    }

    long ageNanos() {
        return System.nanoTime() - startedAt;
    }
}
