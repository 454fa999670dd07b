package org.bookinfo.ratings.database;

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
 * What becomes of the reads and of the connection, in numbers. Every series is there from the start; no label holds more
 * than a member of a closed set.
 */
@Singleton
class DatabaseMetrics {

    private static final String OUTCOME = "outcome";
    private static final String SUCCESS = "success";
    private static final String FAILURE = "failure";
    private static final String CAUSE = "cause";

    /** From a read next door to the deadline. */
    private static final Duration[] BUCKETS = {Duration.ofMillis(1), Duration.ofMillis(5), Duration.ofMillis(25),
            Duration.ofMillis(100), Duration.ofMillis(500), Duration.ofSeconds(1)};

    private final Counter successes;
    private final Map<DatabaseFailure, Counter> failures = new EnumMap<>(DatabaseFailure.class);
    private final Timer successTime;
    private final Timer failureTime;
    private final Counter requests;
    private final Counter opened;
    private final Counter notOpened;
    private volatile boolean open;

    DatabaseMetrics(MeterRegistry registry, DatabaseState state, Settings settings) {
        successes = reads(SUCCESS, "none").register(registry);
        successTime = time(SUCCESS).register(registry);
        failureTime = time(FAILURE).register(registry);
        for (DatabaseFailure failure : DatabaseFailure.values()) {
            failures.put(failure, reads(FAILURE, failure.label()).register(registry));
            Gauge.builder("ratings.database.outage", state, s -> isCause(failure, s.outage()) ? 1 : 0)
                    .description("Whether the database does not give the ratings for this cause").tag(CAUSE,
                            failure.label())
                    .register(registry);
        }
        Gauge.builder("ratings.database.up", state, s -> s.answers() ? 1 : 0)
                .description("Whether the database gives the ratings").register(registry);
        Gauge.builder("ratings.database.excess.privileges", state, s -> s.hasExcessPrivileges() ? 1 : 0)
                .description("Whether the account may do more than read the ratings").register(registry);
        Gauge.builder("ratings.database.deadline", settings, s -> s.deadline().toMillis() / 1000.0).baseUnit("seconds")
                .description("How long a request may wait for the database").register(registry);
        requests = Counter.builder("ratings.database.read.requests")
                .description("Requests that waited for a read").register(registry);
        Gauge.builder("ratings.database.connections", this, metrics -> metrics.open ? 1 : 0)
                .description("Connections to the database that are open").register(registry);
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
                .description("Attempts to connect and log in to the database").tag(OUTCOME, outcome);
    }

    private static boolean isCause(DatabaseFailure failure, DatabaseState.Outage outage) {
        return outage != null && outage.exception().failure() == failure;
    }

    /** Takes note of a read that succeeded. */
    void readSucceeded(long nanos) {
        successes.increment();
        successTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** Takes note of a read that failed. */
    void readFailed(DatabaseFailure failure, long nanos) {
        failures.get(failure).increment();
        failureTime.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** Takes note of requests that waited for a read and are told its outcome. */
    void served(int count) {
        requests.increment(count);
    }

    void connected() {
        opened.increment();
        open = true;
    }

    void notConnected() {
        notOpened.increment();
    }

    void disconnected() {
        open = false;
    }
}
