package org.bookinfo.ratings.reads;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;

import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.vertx.VertxContext;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import org.bookinfo.ratings.diagnosis.DatabaseMetrics;
import org.bookinfo.ratings.diagnosis.DatabaseState;
import org.bookinfo.ratings.diagnosis.DatabaseState.Outage;
import org.bookinfo.ratings.diagnosis.Evidence;
import org.bookinfo.ratings.diagnosis.Phase;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.bookinfo.ratings.settings.Settings;
import org.jboss.logging.Logger;

/**
 * Reads the ratings on a thread of its own, for all requests that wait. After a read has failed, requests fail at once
 * with its cause, and a read about twice a second finds the end of the outage.
 */
@Singleton
public class RatingsReader {

    private static final Logger LOG = Logger.getLogger(RatingsReader.class);

    private static final Duration LONGEST_STOP = Duration.ofSeconds(1);

    private final RatingsRepository repository;
    private final DatabaseState state;
    private final DatabaseMetrics metrics;
    private final RequestCoalescing<Ratings> requests;
    private final Backoff backoff = new Backoff();
    private final Thread thread = new Thread(this::run, "ratings-reader");
    private volatile boolean stopped;
    private long nextAttempt = System.nanoTime(); // the thread's own

    RatingsReader(RatingsRepository repository, DatabaseState state, DatabaseMetrics metrics, Settings settings,
            ScheduledExecutorService timer) {
        this.repository = repository;
        this.state = state;
        this.metrics = metrics;
        requests = new RequestCoalescing<>(settings.deadline().toNanos(), timer, this::expired, this::knownFailure,
                metrics::served);
        thread.setDaemon(true);
    }

    /** Begins to read; the first read needs no request, so that the first request finds a session. */
    void start(@Observes StartupEvent event) {
        thread.start();
    }

    /** Ends a read under way: requests that waited have been answered by now, or have had their time. */
    @PreDestroy
    void stop() throws InterruptedException {
        stopped = true;
        thread.interrupt();
        thread.join(LONGEST_STOP.toMillis());
        repository.abort();
    }

    /**
     * The ratings, read after this call. The stage fails with {@link RatingsUnavailableException} if the database does
     * not give them, at the latest when the deadline has passed.
     *
     * @throws RatingsUnavailableException if it is known already that the database does not give them
     */
    public CompletionStage<Ratings> read() {
        Context context = Vertx.currentContext();
        return requests.join(context == null ? null : VertxContext.getRootContext(context));
    }

    private RatingsUnavailableException knownFailure() {
        Outage outage = state.outage();
        return outage == null ? null : outage.exception();
    }

    private void run() {
        try {
            while (!stopped) {
                requests.awaitBatch(this::nanosToNextAttempt);
                nextAttempt = System.nanoTime() + backoff.next();
                readOnce();
            }
        } catch (InterruptedException e) {
            LOG.debug("The service ends", e);
        } finally {
            repository.end();
        }
    }

    /** Without an outage, reads begin for requests only, but for the first one and those that wait for a renewal. */
    private long nanosToNextAttempt() {
        boolean untilRequested = state.outage() == null && state.hasAnswered() && !repository.isRenewing();
        return untilRequested ? Long.MAX_VALUE : nextAttempt - System.nanoTime();
    }

    private void readOnce() throws InterruptedException {
        long start = System.nanoTime();
        try {
            Ratings ratings = repository.read();
            metrics.readSucceeded(System.nanoTime() - start);
            state.succeeded();
            backoff.succeeded();
            requests.succeed(ratings);
        } catch (RuntimeException | Error e) {
            if (!stopped) { // else the end of the service is the cause
                fail(e, System.nanoTime() - start);
            }
        }
    }

    private void fail(Throwable thrown, long nanos) {
        RatingsUnavailableException failure;
        if (thrown instanceof RatingsUnavailableException unavailable) {
            failure = unavailable;
        } else {
            LOG.error("A read failed unexpectedly", thrown);
            failure = RatingsUnavailableException.internal(thrown);
        }
        metrics.readFailed(failure.cause(), nanos);
        backoff.failed(failure);
        state.failed(failure); // before the requests: who joins after this sees the outage and does not wait
        requests.fail(failure);
    }

    /** The read under way did not end in time. The first read may: its slowness is no outage yet. */
    private RatingsUnavailableException expired() {
        RatingsUnavailableException e = new RatingsUnavailableException(new Evidence(Phase.STATEMENT, null, true));
        if (state.isFirstReadOver()) {
            state.failed(e);
        }
        return e;
    }
}
