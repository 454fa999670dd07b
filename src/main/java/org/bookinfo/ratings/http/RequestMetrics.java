package org.bookinfo.ratings.http;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import jakarta.inject.Singleton;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.http.Outcome;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import org.bookinfo.ratings.Contract;
import org.bookinfo.ratings.settings.Settings;

/**
 * Counts and times the responses by route, method and status: closed sets, whatever clients send. Names and labels are
 * those of Micrometer's own HTTP metrics, which dashboards know. Probes and scrapes, below {@code /q/}, are left out.
 */
@Singleton
class RequestMetrics {

    private static final String NOT_COUNTED = "/q/";

    /** Micrometer's tag value for unknown routes. */
    private static final String UNKNOWN = "UNKNOWN";

    /** From a response without the database to the timeout of Bookinfo's reviews; the deadline is one more. */
    private static final Duration[] BUCKETS = {Duration.ofMillis(5), Duration.ofMillis(10), Duration.ofMillis(25),
            Duration.ofMillis(50), Duration.ofMillis(100), Duration.ofMillis(250), Duration.ofMillis(500),
            Duration.ofSeconds(1), Duration.ofMillis(2500)};

    private static final int[] STATUSES_OF_RATINGS = {200, 400, 500, 503};

    private final MeterRegistry registry;
    private final Duration[] buckets;
    private final Map<Answer, Timer> timers = new ConcurrentHashMap<>();

    private record Answer(String route, String method, int status) {
    }

    /** Creates the usual series at the start: a counter that begins at 1 hides its first event from rate(). */
    RequestMetrics(MeterRegistry registry, Settings settings) {
        this.registry = registry;
        buckets = Arrays.copyOf(BUCKETS, BUCKETS.length + 1);
        buckets[BUCKETS.length] = settings.deadline();
        for (int status : STATUSES_OF_RATINGS) {
            timer(new Answer(route(Contract.RATINGS_PATH), "GET", status));
        }
        timer(new Answer(Contract.HEALTH_PATH, "GET", 200));
    }

    void observe(RoutingContext context) {
        HttpServerRequest request = context.request();
        if (!request.path().startsWith(NOT_COUNTED)) {
            long start = System.nanoTime();
            context.response().bodyEndHandler(end -> answered(request, System.nanoTime() - start));
        }
        context.next();
    }

    private void answered(HttpServerRequest request, long nanos) {
        timer(new Answer(route(request.path()), name(request.method()), request.response().getStatusCode()))
                .record(nanos, TimeUnit.NANOSECONDS);
    }

    private static String route(String path) {
        if (path.startsWith(Contract.RATINGS_PATH)) {
            return "/ratings/{productId}";
        }
        return path.equals(Contract.HEALTH_PATH) ? Contract.HEALTH_PATH : UNKNOWN;
    }

    /** Clients can send any method. */
    private static String name(HttpMethod method) {
        return method == HttpMethod.GET || method == HttpMethod.HEAD || method == HttpMethod.POST
                ? method.name()
                : UNKNOWN;
    }

    private Timer timer(Answer answer) {
        Timer timer = timers.get(answer);
        return timer != null ? timer : timers.computeIfAbsent(answer, this::register);
    }

    private Timer register(Answer answer) {
        return Timer.builder("http.server.requests").description("Responses, by route, method and status")
                .tags("uri", answer.route, "method", answer.method, "status", String.valueOf(answer.status), "outcome",
                        Outcome.forStatus(answer.status).name())
                .serviceLevelObjectives(buckets).register(registry);
    }
}
