package org.bookinfo.ratings;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import org.jboss.logging.MDC;

/**
 * The ID that the mesh gives a request, on the log lines of that request.
 */
public final class RequestId {

    /** Envoy's header. */
    private static final String HEADER = "x-request-id";

    /** The name in the log: {@code %X{requestId}}, and a field of {@code mdc} in JSON. */
    private static final String KEY = "requestId";

    /** Envoy's are UUIDs, of 36 characters. */
    private static final int LONGEST = 64;

    private RequestId() {
    }

    /** Removes every header except the ID: a request that waits for the database keeps its headers in memory. */
    public static void keepOnly(MultiMap headers) {
        String id = headers.get(HEADER);
        headers.clear();
        if (id != null) {
            headers.set(HEADER, id.substring(0, Math.min(id.length(), LONGEST)));
        }
    }

    /** Runs what logs. Clients can send any ID: unusual characters become {@code ?}, and a long ID is cut. */
    static void withRequestId(HttpServerRequest request, Runnable log) {
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
