package org.bookinfo.ratings;

import io.vertx.core.http.HttpServerRequest;
import org.jboss.logging.MDC;

/**
 * The ID that the mesh gives a request, on the lines of the log that belong to it. It is looked at only when there is a
 * line to write.
 */
final class RequestId {

    /** Envoy's header. */
    private static final String HEADER = "x-request-id";

    /** The name in the log: {@code %X{requestId}}, and a field of {@code mdc} in JSON. */
    private static final String KEY = "requestId";

    /** Envoy's are UUIDs, of 36 characters. */
    private static final int LONGEST = 64;

    private RequestId() {
    }

    /**
     * Runs what logs. A caller may have made the ID up, so whatever is not of a usual ID's characters becomes {@code ?},
     * and what is too long is cut.
     */
    static void during(HttpServerRequest request, Runnable log) {
        String id = request.getHeader(HEADER);
        if (id == null) {
            log.run();
            return;
        }
        MDC.put(KEY, id.substring(0, Math.min(id.length(), LONGEST)).replaceAll("[^A-Za-z0-9_.:-]", "?"));
        try {
            log.run();
        } finally {
            MDC.remove(KEY);
        }
    }
}
