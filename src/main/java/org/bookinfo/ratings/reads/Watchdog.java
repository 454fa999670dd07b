package org.bookinfo.ratings.reads;

import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Passes what it watches to an action when the time that was set has passed, unless it was cancelled before.
 *
 * <p>Setting and cancelling happen tens of thousands of times a second, so neither touches the timer: a check under way
 * looks, when its time comes, whether there is a later one to wait for. Times are {@link System#nanoTime()}.
 *
 * @param <T> what is watched. The action may run a moment after it has been replaced or cancelled
 */
final class Watchdog<T> {

    private final ScheduledExecutorService timer;
    private final Consumer<T> action;
    private T watched;
    private boolean checking;
    private long expiry;
    private long nextCheck;

    /**
     * @param action runs on the timer's thread, without the watchdog's lock
     */
    Watchdog(ScheduledExecutorService timer, Consumer<T> action) {
        this.timer = timer;
        this.action = action;
    }

    /** Sets the time at which the action gets {@code watched}, instead of any set before. */
    synchronized void set(T watched, long expiry) {
        this.watched = watched;
        this.expiry = expiry;
        if (!checking || expiry - nextCheck < 0) {
            checkAt(expiry);
        }
    }

    synchronized void cancel() {
        watched = null;
    }

    private void checkAt(long time) {
        checking = true;
        nextCheck = time;
        timer.schedule(this::check, Math.max(0, time - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    private void check() {
        T expired;
        synchronized (this) {
            checking = false;
            if (watched == null) {
                return;
            }
            if (expiry - System.nanoTime() > 0) {
                checkAt(expiry);
                return;
            }
            expired = watched;
            watched = null;
        }
        action.accept(expired);
    }
}
