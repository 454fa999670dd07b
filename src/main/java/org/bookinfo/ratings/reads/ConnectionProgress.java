package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.net.Socket;

import io.quarkus.runtime.LaunchMode;
import org.bookinfo.ratings.diagnosis.Phase;
import org.jboss.logging.Logger;

/**
 * How far one connection to the database has come, and the means to end every wait on it: to close its socket.
 * Thread-safe.
 */
final class ConnectionProgress {

    private static final Logger LOG = Logger.getLogger(ConnectionProgress.class);

    /** In dev mode, class loaders hide {@link DatabaseSockets} from the driver: nothing reports the progress. */
    private Phase phase = LaunchMode.current() == LaunchMode.DEVELOPMENT ? Phase.LOGIN : Phase.LOOKUP;
    private Socket socket;
    private boolean aborted;

    synchronized Phase phase() {
        return phase;
    }

    synchronized void reached(Phase next) {
        phase = next;
    }

    /** Records the socket on which the driver is about to connect. */
    void opened(Socket next) {
        synchronized (this) {
            phase = Phase.CONNECTING;
            socket = next;
            if (!aborted) {
                return;
            }
        }
        close(next);
    }

    /** Ends every wait, in whatever phase but the lookup, which ends by itself. */
    void abort() {
        Socket current;
        synchronized (this) {
            aborted = true;
            current = socket;
        }
        if (current != null) {
            close(current);
        }
    }

    synchronized boolean isAborted() {
        return aborted;
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("Closing a socket failed", e);
        }
    }
}
