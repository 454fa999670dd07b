package org.bookinfo.ratings.diagnosis;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import jakarta.inject.Singleton;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.bookinfo.ratings.settings.Settings;

/**
 * Metrics of the reads and of the attempts to connect. Every series exists from the start, and every label's values are
 * a closed set.
 */
@Singleton
public class DatabaseMetrics {

    private static final String OUTCOME = "outcome";
    private static final String SUCCESS = "success";
    private static final String FAILURE = "failure";
    private static final String CAUSE = "cause";

    /** From a read at a server nearby to the deadline. */
    private static final Duration[] BUCKETS = {Duration.ofMillis(1), Duration.ofMillis(5), Duration.ofMillis(25),
            Duration.ofMillis(100), Duration.ofMillis(500), Duration.ofSeconds(1)};

    private final MeterRegistry registry;
    private final Counter successes;
    private final Map<Cause, Counter> failures = new EnumMap<>(Cause.class);
    private final Timer successTime;
    private final Timer failureTime;
    private final Counter requests;
    private final Counter connected;
    private final Counter notConnected;

    DatabaseMetrics(MeterRegistry registry, DatabaseState state, Settings settings) {
        this.registry = registry;
        successes = counter("reads", "Reads of the ratings", OUTCOME, SUCCESS, CAUSE, "none");
        for (Cause cause : Cause.values()) {
            failures.put(cause,
                    counter("reads", "Reads of the ratings", OUTCOME, FAILURE, CAUSE, cause.label()));
            Gauge.builder("ratings.database.outage", state, s -> isCause(cause, s.outage()) ? 1 : 0)
                    .description("Whether the database does not give the ratings for this cause")
                    .tag(CAUSE, cause.label()).register(registry);
        }
        successTime = timer(SUCCESS);
        failureTime = timer(FAILURE);
        requests = counter("read.requests", "Requests that waited for a read");
        connected = counter("connection.attempts", "Attempts to connect, log in and read", OUTCOME, SUCCESS);
        notConnected = counter("connection.attempts", "Attempts to connect, log in and read", OUTCOME, FAILURE);
        Gauge.builder("ratings.database.up", state, s -> s.answers() ? 1 : 0)
                .description("Whether the database gives the ratings").register(registry);
        Gauge.builder("ratings.database.deadline", settings, s -> s.deadline().toMillis() / 1000.0).baseUnit("seconds")
                .description("How long a request may wait for the database").register(registry);
    }

    private Counter counter(String name, String description, String... tags) {
        return Counter.builder("ratings.database." + name).description(description).tags(tags).register(registry);
    }

    private Timer timer(String outcome) {
        return Timer.builder("ratings.database.read").description("How long reads of the ratings took")
                .tag(OUTCOME, outcome).serviceLevelObjectives(BUCKETS).register(registry);
    }

    private static boolean isCause(Cause cause, DatabaseState.Outage outage) {
        return outage != null && outage.exception().cause() == cause;
    }

    public void readSucceeded(long nanos) {
        successes.increment();
        successTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    public void readFailed(Cause cause, long nanos) {
        failures.get(cause).increment();
        failureTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** Records requests that waited for a read. */
    public void served(int count) {
        requests.increment(count);
    }

    /** Records a login that was followed by a read that succeeded. */
    public void connected() {
        connected.increment();
    }

    /** Records an attempt to log in that was not. */
    public void notConnected() {
        notConnected.increment();
    }
}
