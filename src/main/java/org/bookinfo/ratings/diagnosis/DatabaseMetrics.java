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

    private final Counter successes;
    private final Map<Cause, Counter> failures = new EnumMap<>(Cause.class);
    private final Timer successTime;
    private final Timer failureTime;
    private final Counter requests;
    private final Counter opened;
    private final Counter notOpened;

    DatabaseMetrics(MeterRegistry registry, DatabaseState state, Settings settings) {
        successes = reads(SUCCESS, "none").register(registry);
        successTime = time(SUCCESS).register(registry);
        failureTime = time(FAILURE).register(registry);
        for (Cause cause : Cause.values()) {
            failures.put(cause, reads(FAILURE, cause.label()).register(registry));
            Gauge.builder("ratings.database.outage", state, s -> isCause(cause, s.outage()) ? 1 : 0)
                    .description("Whether the database does not give the ratings for this cause").tag(CAUSE,
                            cause.label())
                    .register(registry);
        }
        Gauge.builder("ratings.database.up", state, s -> s.answers() ? 1 : 0)
                .description("Whether the database gives the ratings").register(registry);
        Gauge.builder("ratings.database.deadline", settings, s -> s.deadline().toMillis() / 1000.0).baseUnit("seconds")
                .description("How long a request may wait for the database").register(registry);
        requests = Counter.builder("ratings.database.read.requests")
                .description("Requests that waited for a read").register(registry);
        opened = attempts(SUCCESS).register(registry);
        notOpened = attempts(FAILURE).register(registry);
    }

    private static Counter.Builder reads(String outcome, String cause) {
        return Counter.builder("ratings.database.reads").description("Reads of the ratings")
                .tags(OUTCOME, outcome, CAUSE, cause);
    }

    private static Timer.Builder time(String outcome) {
        return Timer.builder("ratings.database.read").description("How long reads of the ratings took")
                .tag(OUTCOME, outcome).serviceLevelObjectives(BUCKETS);
    }

    private static Counter.Builder attempts(String outcome) {
        return Counter.builder("ratings.database.connection.attempts")
                .description("Attempts to connect, log in and read").tag(OUTCOME, outcome);
    }

    private static boolean isCause(Cause cause, DatabaseState.Outage outage) {
        return outage != null && outage.exception().cause() == cause;
    }

    /** Records a read that succeeded. */
    public void readSucceeded(long nanos) {
        successes.increment();
        successTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** Records a read that failed. */
    public void readFailed(Cause cause, long nanos) {
        failures.get(cause).increment();
        failureTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** Records requests that waited for a read. */
    public void served(int count) {
        requests.increment(count);
    }

    /** Records an attempt to connect and log in that was followed by a read that succeeded. */
    public void connected() {
        opened.increment();
    }

    /** Records an attempt to connect and log in that was not. */
    public void notConnected() {
        notOpened.increment();
    }
}
