package org.bookinfo.ratings.database;

import java.net.Socket;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.vertx.VertxContext;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import org.bookinfo.ratings.settings.Settings;
import org.jboss.logging.Logger;

/**
 * Serves all requests that wait for ratings with one read.
 *
 * <p>A request is served by a read that started after the request arrived, never by one under way: its answer is as fresh
 * as if it had asked the database alone. So at most one read runs and at most one batch waits for the next, whatever the
 * traffic. Once a read has failed, requests are told so at once, while a read about twice a second finds out when the
 * database is back. Nobody waits longer than the deadline, counted from the arrival of the first request of a batch.
 */
@Singleton
public class RatingsReader {

    private static final Logger LOG = Logger.getLogger(RatingsReader.class);

    /** What cannot be interrupted, such as a resolver of host names that hangs, ends with the process. */
    private static final Duration END = Duration.ofSeconds(1);

    /**
     * For how long the reader stays awake between two reads, in nanoseconds: about as long as waking it would take. Where there is
     * one processor, staying awake would keep the event loop from it.
     */
    private static final long SPIN = Runtime.getRuntime().availableProcessors() > 1 ? 40_000 : 0;

    private final RatingsRepository repository;
    private final DatabaseConnection connection;
    private final DatabaseState state;
    private final DatabaseMetrics metrics;
    private final long deadline;
    private final Watchdog watchdog;
    private final Thread thread;
    private final Backoff backoff = new Backoff();

    /** Guards the fields below. Nothing that may block is done under it: event loops take it. */
    private final Object lock = new Object();
    private Batch waiting;
    private Batch reading;
    private boolean started;
    private boolean stopped;
    private long nextAttempt;

    /** Whether what waits is to be read now. Written under the lock. */
    private volatile boolean due;

    /** How long the last pause between two reads was. The reader's own. */
    private long lastPause = SPIN;

    /**
     * The requests that one read serves, by the event loop that each is on: told together, they cost a loop one task and one
     * wake-up.
     */
    private static final class Batch {
        final long deadline;
        private final Map<Context, CompletableFuture<Ratings>> stages = new HashMap<>();
        int requests;

        Batch(long deadline) {
            this.deadline = deadline;
        }

        /** @param eventLoop null for a caller that is on none */
        CompletionStage<Ratings> join(Context eventLoop) {
            requests++;
            return stages.computeIfAbsent(eventLoop, any -> new CompletableFuture<>());
        }

        void tell(Consumer<CompletableFuture<Ratings>> outcome) {
            stages.forEach((eventLoop, stage) -> {
                if (eventLoop == null) {
                    outcome.accept(stage);
                } else {
                    eventLoop.runOnContext(unused -> outcome.accept(stage));
                }
            });
        }
    }

    RatingsReader(RatingsRepository repository, DatabaseConnection connection, DatabaseState state,
            DatabaseMetrics metrics, Settings settings,
            ScheduledExecutorService timer) {
        this.repository = repository;
        this.connection = connection;
        this.state = state;
        this.metrics = metrics;
        this.deadline = settings.deadline().toNanos();
        this.watchdog = new Watchdog(timer, this::expire);
        this.thread = new ReaderThread();
    }

    /** Passes on the sockets that {@link DatabaseSockets} opens, and supplies whether the last read failed. */
    private final class ReaderThread extends Thread implements Consumer<Socket>, BooleanSupplier {

        ReaderThread() {
            super(RatingsReader.this::run, "ratings-reader");
            setDaemon(true);
        }

        @Override
        public void accept(Socket socket) {
            connection.opened(socket);
        }

        @Override
        public boolean getAsBoolean() {
            return state.outage() != null;
        }
    }

    /** Begins to read; the first read needs no request, so that the first request finds a connection. */
    void start(@Observes StartupEvent event) {
        thread.start();
    }

    /** Ends a read under way: requests that waited have been answered by now, or have had their time. */
    @PreDestroy
    void stop() throws InterruptedException {
        synchronized (lock) {
            stopped = true;
            lock.notifyAll();
        }
        connection.closeSocket();
        thread.join(END.toMillis());
    }

    /**
     * The ratings, read after this call. The stage fails with {@link RatingsUnavailableException} once the database has
     * failed to give them, at the latest when the deadline has passed.
     *
     * @throws RatingsUnavailableException if it is known already that the database does not give them
     */
    public CompletionStage<Ratings> read() {
        Context context = Vertx.currentContext();
        Context eventLoop = context == null ? null : VertxContext.getRootContext(context);
        synchronized (lock) {
            DatabaseState.Outage outage = state.outage();
            if (outage != null) {
                throw outage.exception();
            }
            if (waiting == null) {
                waiting = new Batch(System.nanoTime() + deadline);
                if (reading == null) {
                    watchdog.set(waiting.deadline);
                    beginSoon(eventLoop);
                }
            }
            return waiting.join(eventLoop);
        }
    }

    /** Begins to read once the event loop has handled what has arrived on its connections: all of that shares the read. */
    private void beginSoon(Context eventLoop) {
        if (eventLoop == null) {
            begin();
        } else {
            eventLoop.runOnContext(unused -> begin());
        }
    }

    private void begin() {
        synchronized (lock) {
            due = waiting != null;
            lock.notifyAll();
        }
    }

    private void run() {
        while (awaitWork()) {
            long start = System.nanoTime();
            try {
                Ratings ratings = repository.read();
                metrics.readSucceeded(System.nanoTime() - start);
                succeed(ratings);
                backoff.succeeded();
            } catch (RatingsUnavailableException e) {
                metrics.readFailed(e.failure(), System.nanoTime() - start);
                backoff.failed(e);
                fail(e);
            } catch (RuntimeException | Error e) {
                LOG.error("A read failed in an unforeseen way", e);
                metrics.readFailed(DatabaseFailure.SELECT_FAILED, System.nanoTime() - start);
                fail(new RatingsUnavailableException(DatabaseFailure.SELECT_FAILED, e.getClass().getSimpleName(),
                        false));
            }
        }
    }

    /** Waits for a batch or, in an outage, for the time to try again. False when it is time to end. */
    private boolean awaitWork() {
        long start = System.nanoTime();
        if (lastPause < SPIN) {
            spin(start);
        }
        synchronized (lock) {
            try {
                while (!stopped && !isDue()) {
                    if (state.outage() == null) {
                        lock.wait();
                    } else {
                        TimeUnit.NANOSECONDS.timedWait(lock, Math.max(1, nextAttempt - System.nanoTime()));
                    }
                }
            } catch (InterruptedException e) {
                stopped = true;
            }
            started = true;
            due = false;
            lastPause = System.nanoTime() - start;
            nextAttempt = System.nanoTime() + backoff.next();
            reading = waiting;
            waiting = null;
            if (reading != null) {
                watchdog.set(reading.deadline);
            }
            return !stopped || reading != null;
        }
    }

    private boolean isDue() {
        return !started || (state.outage() == null ? due : nextAttempt - System.nanoTime() <= 0);
    }

    /** A thread that sleeps takes long to wake. While reads follow each other closely, the reader does not. */
    private void spin(long start) {
        while (!due && System.nanoTime() - start < SPIN) {
            Thread.onSpinWait();
        }
    }

    private void succeed(Ratings ratings) {
        state.succeeded();
        Batch served;
        synchronized (lock) {
            served = reading;
            reading = null;
            due = waiting != null;
            if (!due) {
                watchdog.callOff();
            }
        }
        tell(served, stage -> stage.complete(ratings));
    }

    /** Tells all who wait: those of this read and, because it would go no better, those of the next. */
    private void fail(RatingsUnavailableException e) {
        state.failed(e); // before the lock: who takes it after this sees the outage and does not wait
        Batch read;
        Batch next;
        synchronized (lock) {
            read = reading;
            next = waiting;
            reading = null;
            waiting = null;
            due = false;
            watchdog.callOff();
            lock.notifyAll(); // the reader may sleep until somebody asks, and nobody does in an outage
        }
        tell(read, stage -> stage.completeExceptionally(e));
        tell(next, stage -> stage.completeExceptionally(e));
    }

    /** @param batch null where nobody waits */
    private void tell(Batch batch, Consumer<CompletableFuture<Ratings>> outcome) {
        if (batch != null) {
            metrics.served(batch.requests);
            batch.tell(outcome);
        }
    }

    /** The read under way did not end in time, as when the resolver of host names hangs. */
    private void expire() {
        synchronized (lock) {
            Batch oldest = reading != null ? reading : waiting;
            if (oldest == null || oldest.deadline - System.nanoTime() > 0) {
                return; // it ended just now
            }
        }
        fail(new RatingsUnavailableException(DatabaseFailure.NO_ANSWER, "deadline", false));
    }
}
