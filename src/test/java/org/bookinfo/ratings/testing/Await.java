package org.bookinfo.ratings.testing;

import java.time.Duration;
import java.util.concurrent.Callable;

/**
 * Waits for a condition instead of for a time.
 */
public final class Await {

    private static final Duration LONGEST = Duration.ofMinutes(2);

    private Await() {
    }

    /** @throws AssertionError if the condition is not met in two minutes */
    public static void until(String condition, Callable<Boolean> met) {
        until(condition, LONGEST, met);
    }

    /** @throws AssertionError if the condition is not met in time */
    public static void until(String condition, Duration time, Callable<Boolean> met) {
        long end = System.nanoTime() + time.toNanos();
        try {
            while (!met.call()) {
                if (System.nanoTime() - end > 0) {
                    throw new AssertionError("Not within " + time.toMillis() + " ms: " + condition);
                }
                Thread.sleep(5);
            }
        } catch (AssertionError e) {
            throw e;
        } catch (Exception e) {
            throw new AssertionError(condition, e);
        }
    }
}
