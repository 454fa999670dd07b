package org.bookinfo.ratings.reads;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

import io.vertx.core.Context;

/**
 * Serves all requests that wait with one read. A read serves the requests that arrived before it began, never those
 * that arrive while it runs: they wait for the next one. So at most one batch is being read and at most one waits.
 *
 * @param <T> what a read gives
 */
final class RequestCoalescing<T> {

    private final long deadlineNanos;
    private final Watchdog<Batch<T>> watchdog;
    private final Supplier<? extends RuntimeException> knownFailure;
    private final IntConsumer served;

    /** Guards the fields below. Nothing that may block is done under it: event loops take it. */
    private final Object lock = new Object();
    private Batch<T> waiting;
    private Batch<T> reading;

    /** Whether the waiting batch is to be read now. */
    private boolean due;

    /** The requests that one read serves. Those of an event loop share a stage: it has one task for all of them. */
    private static final class Batch<T> {
        private final long deadline;
        private final Map<Context, CompletableFuture<T>> stages = new HashMap<>();
        private int requests;

        Batch(long deadline) {
            this.deadline = deadline;
        }

        CompletionStage<T> join(Context eventLoop) {
            requests++;
            return stages.computeIfAbsent(eventLoop, any -> new CompletableFuture<>());
        }
    }

    /**
     * @param deadlineNanos how long a batch may wait, from its first request on
     * @param expired the failure of requests that have waited for longer; called on the timer's thread
     * @param knownFailure why requests fail at once, or null if they wait for a read
     * @param served called with the number of requests that a read has served
     */
    RequestCoalescing(long deadlineNanos, ScheduledExecutorService timer, Supplier<RuntimeException> expired,
            Supplier<? extends RuntimeException> knownFailure, IntConsumer served) {
        this.deadlineNanos = deadlineNanos;
        this.knownFailure = knownFailure;
        this.served = served;
        watchdog = new Watchdog<>(timer, batch -> expire(batch, expired));
    }

    /**
     * Joins the batch that waits for the next read.
     *
     * @param eventLoop on which the stage completes; null for a caller that is on none
     * @throws RuntimeException the known failure, if there is one
     */
    CompletionStage<T> join(Context eventLoop) {
        synchronized (lock) {
            RuntimeException failure = knownFailure.get();
            if (failure != null) {
                throw failure;
            }
            if (waiting == null) {
                waiting = new Batch<>(System.nanoTime() + deadlineNanos);
                if (reading == null) {
                    watchdog.set(waiting, waiting.deadline);
                    run(eventLoop, this::begin); // later, so that the loop's other requests that have arrived join
                }
            }
            return waiting.join(eventLoop);
        }
    }

    /** @param eventLoop null for a caller that is on none */
    private static void run(Context eventLoop, Runnable action) {
        if (eventLoop == null) {
            action.run();
        } else {
            eventLoop.runOnContext(unused -> action.run());
        }
    }

    private void begin() {
        synchronized (lock) {
            due = waiting != null;
            lock.notifyAll();
        }
    }

    /**
     * Waits until a batch is due or the time has come, then takes the batch that waits, if any: the read begins.
     *
     * @param nanosToWait how long to wait without a batch; asked again after each wake-up
     */
    void awaitBatch(LongSupplier nanosToWait) throws InterruptedException {
        synchronized (lock) {
            for (long nanos = nanosToWait.getAsLong(); !due && nanos > 0; nanos = nanosToWait.getAsLong()) {
                TimeUnit.NANOSECONDS.timedWait(lock, nanos);
            }
            due = false;
            reading = waiting;
            waiting = null;
            if (reading != null) {
                watchdog.set(reading, reading.deadline);
            }
        }
    }

    /** Ends the read under way: its batch is served, and the next one is due. */
    void succeed(T result) {
        Batch<T> read;
        synchronized (lock) {
            read = reading;
            reading = null;
            due = waiting != null;
        }
        if (read != null) {
            complete(read, stage -> stage.complete(result));
        }
    }

    /** Fails the batch of the read under way and, as the next read would fare no better, the one that waits. */
    void fail(RuntimeException failure) {
        fail(removeAll(), failure);
    }

    private void expire(Batch<T> overdue, Supplier<RuntimeException> expired) {
        List<Batch<T>> all;
        synchronized (lock) {
            if (overdue != reading && overdue != waiting) {
                return; // just served
            }
            all = removeAll();
        }
        fail(all, expired.get());
        begin(); // the reader may wait for a request, and none arrives in an outage
    }

    private List<Batch<T>> removeAll() {
        synchronized (lock) {
            List<Batch<T>> all = Stream.of(reading, waiting).filter(Objects::nonNull).toList();
            reading = null;
            waiting = null;
            due = false;
            return all;
        }
    }

    private void fail(List<Batch<T>> batches, RuntimeException failure) {
        batches.forEach(batch -> complete(batch, stage -> stage.completeExceptionally(failure)));
    }

    private void complete(Batch<T> batch, Consumer<CompletableFuture<T>> outcome) {
        served.accept(batch.requests);
        batch.stages.forEach((eventLoop, stage) -> run(eventLoop, () -> outcome.accept(stage)));
    }
}
