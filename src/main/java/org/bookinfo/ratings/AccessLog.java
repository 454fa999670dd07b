package org.bookinfo.ratings;

import java.util.Locale;
import java.util.Optional;

import jakarta.inject.Singleton;

import io.vertx.core.http.HttpServerRequest;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * One line for each answer, where that is wanted. It has no header but the request's ID, and no query: the service has no
 * use for them, and they may hold what belongs in no log.
 */
@Singleton
class AccessLog {

    private static final Logger LOG = Logger.getLogger(AccessLog.class);

    private static final int LONGEST = 200;

    private final boolean on;

    AccessLog(@ConfigProperty(name = "ratings.access-log") Optional<Boolean> on) {
        this.on = on.orElse(false);
    }

    void answered(HttpServerRequest request, int status, long nanos) {
        if (on) {
            String line = String.format(Locale.ROOT, "%s %s %d %.1f ms", printable(request.method().name()),
                    printable(request.path()), status, nanos / 1e6);
            RequestId.during(request, () -> LOG.info(line));
        }
    }

    /** What a caller made up cannot end the line, colour a terminal or fill a disk. */
    private static String printable(String text) {
        return text.substring(0, Math.min(text.length(), LONGEST)).replaceAll("[^!-~]", "?");
    }
}
