package org.bookinfo.ratings.database;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait from one attempt to the next during an outage: about half a second, so that its end is found soon.
 *
 * <p>Longer, though, where each attempt ends in a login that this side broke off, as when the server is not trusted. MySQL and
 * MariaDB count these, and after 100 in a row (their default of {@code max_connect_errors}) refuse everybody from this host
 * until an administrator unblocks it. So after some of them the pauses grow.
 */
final class Backoff {

    /** Two of them last longer than the second for which Java keeps an address, so that every second attempt looks it up. */
    private static final Duration SHORTEST = Duration.ofMillis(510);
    private static final Duration LONGEST = Duration.ofMillis(600);

    /** A quarter of what the servers allow: another replica may be behind the same address. */
    private static final int BROKEN_OFF_BEFORE_GROWTH = 25;
    private static final double GROWTH = 1.5;
    private static final double MOST = Duration.ofMinutes(10).toNanos();

    private int brokenOff;

    void succeeded() {
        brokenOff = 0;
    }

    void failed(RatingsUnavailableException e) {
        if (e.brokeOffLogin()) {
            brokenOff++;
        }
    }

    /** In nanoseconds, from the beginning of one attempt to that of the next. */
    long next() {
        double pause = ThreadLocalRandom.current().nextLong(SHORTEST.toNanos(), LONGEST.toNanos());
        return (long) Math.min(MOST, pause * Math.pow(GROWTH, Math.max(0, brokenOff - BROKEN_OFF_BEFORE_GROWTH)));
    }
}
