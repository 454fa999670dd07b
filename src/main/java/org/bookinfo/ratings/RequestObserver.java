package org.bookinfo.ratings;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * Sees each request that is routed, before anything else does, and its answer, whoever gives it. Probes and scrapes, all
 * of them below {@code /q/}, are left alone.
 */
@Singleton
class RequestObserver {

    private static final String NOT_OBSERVED = "/q/";

    private final RequestMetrics metrics;
    private final AccessLog accessLog;

    RequestObserver(RequestMetrics metrics, AccessLog accessLog) {
        this.metrics = metrics;
        this.accessLog = accessLog;
    }

    void observe(@Observes Router router) {
        router.route().order(Integer.MIN_VALUE).handler(this::begin);
    }

    private void begin(RoutingContext context) {
        HttpServerRequest request = context.request();
        if (!request.path().startsWith(NOT_OBSERVED)) {
            long start = System.nanoTime();
            // Not the end handler: there is one only, and the answer 413 sets it.
            context.response().bodyEndHandler(nothing -> end(request, System.nanoTime() - start));
        }
        context.next();
    }

    private void end(HttpServerRequest request, long nanos) {
        int status = request.response().getStatusCode();
        metrics.answered(request.method(), request.path(), status, nanos);
        accessLog.answered(request, status, nanos);
    }
}
