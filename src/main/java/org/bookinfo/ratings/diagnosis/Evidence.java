package org.bookinfo.ratings.diagnosis;

import java.io.EOFException;
import java.net.SocketException;
import java.sql.SQLException;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * What is known of a failed login or statement.
 *
 * @param phase how far the connection had come
 * @param thrown what the driver threw; null if {@code timedOut}
 * @param timedOut whether this side ended the wait
 */
public record Evidence(Phase phase, Throwable thrown, boolean timedOut) {

    /** The server's error code; 0 if the server did not send one. */
    int code() {
        return thrown instanceof SQLException e ? e.getErrorCode() : 0;
    }

    /** SQLState and error code, as operators look them up. */
    String codes() {
        if (timedOut) {
            return "timeout";
        }
        return thrown instanceof SQLException e
                ? e.getSQLState() + "/" + e.getErrorCode()
                : thrown.getClass().getSimpleName();
    }

    /** Whether the connection ended, rather than that one of the sides refused to go on. */
    boolean isClosed() {
        return threw(EOFException.class) || threw(SocketException.class);
    }

    boolean threw(Class<? extends Throwable> type) {
        return anyCause(type::isInstance);
    }

    /** Without an error code, only a message distinguishes some failures. */
    boolean says(String words) {
        return anyCause(cause -> cause.getMessage() != null && cause.getMessage().contains(words));
    }

    private boolean anyCause(Predicate<Throwable> matches) {
        return Stream.iterate(thrown, cause -> cause != null, Throwable::getCause).anyMatch(matches);
    }

    /** Whether the login ended after the server had greeted, and without an error that the server sent. */
    boolean isBrokenOffLogin() {
        return phase.isDuringLogin() && code() == 0;
    }
}
