package org.bookinfo.ratings.reads;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import org.bookinfo.ratings.testing.Await;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class WatchdogTest {

    private static final Duration SOON = Duration.ofMillis(300);
    private static final Duration LATER = Duration.ofMillis(1500);
    private static final Duration NEVER = Duration.ofHours(1);

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final AtomicInteger runs = new AtomicInteger();

    /** When the action ran last. */
    private volatile long ranAt;

    private final Watchdog watchdog = new Watchdog(timer, () -> {
        ranAt = System.nanoTime();
        runs.incrementAndGet();
    });

    @AfterEach
    void stopTimer() {
        timer.shutdownNow();
    }

    /** @return the time that was set */
    private long set(Duration fromNow) {
        long expiry = System.nanoTime() + fromNow.toNanos();
        watchdog.set(expiry);
        return expiry;
    }

    private void awaitRuns(int count) {
        Await.until(count + " runs", () -> runs.get() == count);
    }

    /**
     * Waits until a task that was due after all those of the watchdog has run, so that none of them is still to come.
     */
    private void awaitTimer(Duration fromNow) throws Exception {
        timer.schedule(() -> {
        }, fromNow.toNanos(), TimeUnit.NANOSECONDS).get();
    }

    @Test
    void set_timePasses_runsOnceAndNotBefore() throws Exception {
        long expiry = set(SOON);
        awaitRuns(1);
        assertTrue(ranAt - expiry >= 0, "too early");
        awaitTimer(SOON.multipliedBy(2));
        assertEquals(1, runs.get());
    }

    @Test
    void set_timeInThePast_runsAtOnce() {
        set(Duration.ofSeconds(-5));
        awaitRuns(1);
    }

    @Test
    void set_again_replacesAnEarlierTime() {
        set(SOON);
        long expiry = set(LATER);
        awaitRuns(1);
        assertTrue(ranAt - expiry >= 0, "at the time that was replaced");
    }

    @Test
    void set_again_replacesALaterTime() {
        set(NEVER);
        set(SOON);
        awaitRuns(1);
    }

    @Test
    void set_manyTimes_runsOnceAtTheLastTime() throws Exception {
        long expiry = 0;
        for (int i = 0; i < 10_000; i++) {
            expiry = set(SOON.plusNanos(i));
        }
        awaitRuns(1);
        assertTrue(ranAt - expiry >= 0, "too early");
        awaitTimer(SOON.multipliedBy(2));
        assertEquals(1, runs.get());
    }

    @Test
    void cancel_beforeTheTime_keepsTheActionFromRunning() throws Exception {
        set(SOON);
        watchdog.cancel();
        awaitTimer(SOON.multipliedBy(2));
        assertEquals(0, runs.get());
    }

    @Test
    void cancel_nothingSet_doesNothing() throws Exception {
        watchdog.cancel();
        set(SOON);
        awaitRuns(1);
        watchdog.cancel();
        awaitTimer(SOON.multipliedBy(2));
        assertEquals(1, runs.get());
    }

    @Test
    void set_afterCallOff_runsAtTheNewTime() throws Exception {
        set(SOON);
        watchdog.cancel();
        long expiry = set(LATER);
        awaitRuns(1);
        assertTrue(ranAt - expiry >= 0, "at the time that was called off");
    }

    @Test
    void set_afterCallOffToAnEarlierTime_runsAtTheNewTime() {
        set(NEVER);
        watchdog.cancel();
        set(SOON);
        awaitRuns(1);
    }

    @Test
    void set_afterARun_runsAgain() {
        set(SOON);
        awaitRuns(1);
        set(SOON);
        awaitRuns(2);
    }

    @Test
    void set_withinTheAction_runsAgain() {
        AtomicReference<Watchdog> self = new AtomicReference<>();
        self.set(new Watchdog(timer, () -> {
            if (runs.incrementAndGet() < 3) {
                self.get().set(System.nanoTime() + SOON.toNanos());
            }
        }));
        self.get().set(System.nanoTime());
        awaitRuns(3);
    }

    @Test
    void cancel_withinTheAction_isNoHarm() {
        AtomicReference<Watchdog> self = new AtomicReference<>();
        self.set(new Watchdog(timer, () -> {
            self.get().cancel();
            runs.incrementAndGet();
        }));
        self.get().set(System.nanoTime());
        awaitRuns(1);
        self.get().set(System.nanoTime());
        awaitRuns(2);
    }

    /** As in traffic: each read sets it and calls it off, and only the one that hangs is to be noticed. */
    @Test
    void set_afterManyCalledOff_runsForTheOneThatWasNot() {
        for (int i = 0; i < 10_000; i++) {
            set(SOON);
            watchdog.cancel();
        }
        long expiry = set(LATER);
        awaitRuns(1);
        assertTrue(ranAt - expiry >= 0, "at a time that was called off");
    }
}
