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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class WatchdogTest {

    private static final Duration SOON = Duration.ofMillis(300);
    private static final Duration LATER = Duration.ofMillis(1500);

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final AtomicInteger runs = new AtomicInteger();

    /** When the action ran last, and for what. */
    private volatile long ranAt;
    private volatile Long ranFor;

    private final Watchdog<Long> watchdog = new Watchdog<>(timer, expiry -> {
        ranAt = System.nanoTime();
        ranFor = expiry;
        runs.incrementAndGet();
    });

    @AfterEach
    void stopTimer() {
        timer.shutdownNow();
    }

    /** @return the time that was set */
    private long set(Duration fromNow) {
        long expiry = System.nanoTime() + fromNow.toNanos();
        watchdog.set(expiry, expiry);
        return expiry;
    }

    private void awaitRuns(int count) {
        Await.until(count + " runs", () -> runs.get() == count);
    }

    /** Waits for a run at that time, and then until no task of the watchdog is still to come. */
    private void assertRunsOnce(long expiry) throws Exception {
        awaitRuns(1);
        assertTrue(ranAt - expiry >= 0, "too early");
        assertEquals(expiry, ranFor);
        assertRunsStay(1);
    }

    private void assertRunsStay(int count) throws Exception {
        timer.schedule(() -> {
        }, SOON.toNanos() * 2, TimeUnit.NANOSECONDS).get();
        assertEquals(count, runs.get());
    }

    /** @param steps times in milliseconds from now, or cancellations, in turn */
    @ParameterizedTest
    @ValueSource(strings = {"300", "-5000", "300 1500", "3600000 300", "cancel 300", "3600000 cancel 300"})
    void set_lastOfSeveralSteps_runsOnceAndNotBefore(String steps) throws Exception {
        long expiry = 0;
        for (String step : steps.split(" ")) {
            if (step.equals("cancel")) {
                watchdog.cancel();
            } else {
                expiry = set(Duration.ofMillis(Long.parseLong(step)));
            }
        }
        assertRunsOnce(expiry);
    }

    @Test
    void cancel_beforeTheTime_keepsTheActionFromRunning() throws Exception {
        set(SOON);
        watchdog.cancel();
        assertRunsStay(0);
    }

    @Test
    void setAndCancel_withinTheAction_runAgainAndDoNoHarm() {
        AtomicReference<Watchdog<String>> self = new AtomicReference<>();
        self.set(new Watchdog<>(timer, watched -> {
            self.get().cancel();
            if (runs.incrementAndGet() < 3) {
                self.get().set(watched, System.nanoTime() + SOON.toNanos());
            }
        }));
        self.get().set("read", System.nanoTime());
        awaitRuns(3);
        self.get().set("read", System.nanoTime());
        awaitRuns(4);
    }

    /** As in traffic: each read sets and cancels it, and only the one that hangs must be noticed. */
    @Test
    void set_afterManyCancels_runsForTheOneThatWasNotCancelled() throws Exception {
        for (int i = 0; i < 10_000; i++) {
            set(SOON.plusNanos(i));
            watchdog.cancel();
        }
        assertRunsOnce(set(LATER));
    }
}
