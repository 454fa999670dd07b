package org.bookinfo.ratings.reads;

import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Runs an action when the time that was set has passed, unless it was cancelled before.
 *
 * <p>Setting and cancelling happen tens of thousands of times a second, so neither touches the timer: a check under way
 * looks, when its time comes, whether there is a later one to wait for. Times are {@link System#nanoTime()}.
 */
final class Watchdog {

    private final ScheduledExecutorService timer;
    private final Runnable action;
    private boolean set;
    private boolean checking;
    private long expiry;
    private long nextCheck;

    /**
     * @param action runs on the timer's thread, without the watchdog's lock
     */
    Watchdog(ScheduledExecutorService timer, Runnable action) {
        this.timer = timer;
        this.action = action;
    }

    /** Sets the time at which the action runs, instead of any set before. */
    synchronized void set(long expiry) {
        this.expiry = expiry;
        set = true;
        if (!checking || expiry - nextCheck < 0) {
            checkAt(expiry);
        }
    }

    synchronized void cancel() {
        set = false;
    }

    private void checkAt(long time) {
        checking = true;
        nextCheck = time;
        timer.schedule(this::check, Math.max(0, time - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    private void check() {
        synchronized (this) {
            checking = false;
            if (!set) {
                return;
            }
            if (expiry - System.nanoTime() > 0) {
                checkAt(expiry);
                return;
            }
            set = false;
        }
        action.run();
    }
}
