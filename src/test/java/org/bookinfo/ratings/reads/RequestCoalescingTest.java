package org.bookinfo.ratings.reads;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RequestCoalescingTest {

    private static final long NO_LIMIT = Duration.ofHours(1).toNanos();

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<Integer> served = new ArrayList<>();
    private volatile RuntimeException known;
    private final RuntimeException overdue = new IllegalStateException();
    private final CountDownLatch expired = new CountDownLatch(1);

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    private final RequestCoalescing<String> coalescing = coalescing(NO_LIMIT);

    private RequestCoalescing<String> coalescing(long deadlineNanos) {
        return new RequestCoalescing<>(deadlineNanos, timer, () -> {
            expired.countDown();
            return overdue;
        }, () -> known, served::add);
    }

    private static CompletableFuture<String> join(RequestCoalescing<String> coalescing) {
        return coalescing.join(null).toCompletableFuture();
    }

    @Test
    void join_duringARead_isServedByTheNext() throws Exception {
        CompletableFuture<String> early = join(coalescing);
        coalescing.awaitBatch(() -> NO_LIMIT);
        CompletableFuture<String> late = join(coalescing);
        coalescing.succeed("first");
        assertEquals("first", early.get());
        assertFalse(late.isDone());
        coalescing.awaitBatch(() -> NO_LIMIT);
        coalescing.succeed("second");
        assertEquals("second", late.get());
    }

    @Test
    void join_manyBeforeARead_areServedTogether() throws Exception {
        CompletableFuture<String> one = join(coalescing);
        CompletableFuture<String> other = join(coalescing);
        coalescing.awaitBatch(() -> NO_LIMIT);
        coalescing.succeed("ratings");
        assertEquals(List.of("ratings", "ratings"), List.of(one.get(), other.get()));
        assertEquals(List.of(2), served);
    }

    @Test
    void join_failureKnown_throwsItAtOnce() {
        known = new IllegalStateException();
        assertSame(known, assertThrows(RuntimeException.class, () -> coalescing.join(null)));
    }

    @Test
    void fail_whileABatchWaits_failsBothBatches() throws Exception {
        CompletableFuture<String> read = join(coalescing);
        coalescing.awaitBatch(() -> NO_LIMIT);
        CompletableFuture<String> waiting = join(coalescing);
        RuntimeException failure = new IllegalStateException();
        coalescing.fail(failure);
        assertSame(failure, assertThrows(ExecutionException.class, read::get).getCause());
        assertSame(failure, assertThrows(ExecutionException.class, waiting::get).getCause());
    }

    @Test
    void awaitBatch_timeHasCome_returnsWithoutABatch() throws Exception {
        coalescing.awaitBatch(() -> 0);
        coalescing.succeed("nobody waits");
        assertEquals(List.of(), served);
    }

    @Test
    void join_deadlinePasses_expires() {
        CompletableFuture<String> late = join(coalescing(1_000_000));
        assertSame(overdue, assertThrows(ExecutionException.class, late::get).getCause());
    }

    /** The read ends just when its batch expires, and the next one is under way by then. */
    @Test
    void expire_whileTheReadEnds_failsNoLaterRequest() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        RequestCoalescing<String> racing = new RequestCoalescing<>(2_000_000_000, timer, () -> {
            expired.countDown();
            await(goOn);
            return overdue;
        }, () -> null, served::add);
        CompletableFuture<String> early = join(racing);
        racing.awaitBatch(() -> NO_LIMIT);
        await(expired);
        CompletableFuture<String> late = join(racing);
        racing.succeed("too late");
        racing.awaitBatch(() -> NO_LIMIT);
        goOn.countDown();
        assertSame(overdue, assertThrows(ExecutionException.class, early::get).getCause());
        racing.succeed("in time");
        assertEquals("in time", late.get());
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
