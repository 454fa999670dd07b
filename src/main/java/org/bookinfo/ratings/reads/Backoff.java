package org.bookinfo.ratings.reads;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

import org.bookinfo.ratings.diagnosis.Cause;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;

/**
 * How long to wait from one attempt to the next during an outage: about half a second, so that its end is found soon.
 *
 * <p>The pauses grow after some logins that this side broke off: MySQL and MariaDB count these and, after 100 in a row
 * (their default of {@code max_connect_errors}), refuse everybody from this host until an administrator unblocks it.
 * They are long if an hourly limit of the account is used up.
 */
final class Backoff {

    /** Two of them exceed the second for which Java keeps an address, so that every second attempt looks it up. */
    private static final Duration SHORTEST = Duration.ofMillis(510);
    private static final Duration LONGEST = Duration.ofMillis(600);

    /** A quarter of what the servers allow: another replica may be behind the same address. */
    private static final int BROKEN_OFF_BEFORE_GROWTH = 25;
    private static final double GROWTH = 1.5;
    private static final double MOST = Duration.ofMinutes(10).toNanos();

    private static final Duration HOURLY_LIMIT = Duration.ofSeconds(30);

    private int brokenOff;
    private boolean limited;

    void succeeded() {
        brokenOff = 0;
        limited = false;
    }

    void failed(RatingsUnavailableException e) {
        limited = e.cause() == Cause.HOURLY_LIMIT;
        if (e.brokeOffLogin()) {
            brokenOff++;
        }
    }

    /** In nanoseconds, from the beginning of one attempt to that of the next. */
    long next() {
        if (limited) {
            return HOURLY_LIMIT.toNanos();
        }
        double pause = ThreadLocalRandom.current().nextLong(SHORTEST.toNanos(), LONGEST.toNanos());
        return (long) Math.min(MOST, pause * Math.pow(GROWTH, Math.max(0, brokenOff - BROKEN_OFF_BEFORE_GROWTH)));
    }
}
