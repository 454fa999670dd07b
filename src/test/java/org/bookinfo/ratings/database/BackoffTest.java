package org.bookinfo.ratings.database;

import java.time.Duration;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertTrue;

class BackoffTest {

    private static final RatingsUnavailableException BROKEN_OFF = new RatingsUnavailableException(DatabaseFailure.TLS,
            "", true);
    private static final RatingsUnavailableException REFUSED = new RatingsUnavailableException(
            DatabaseFailure.CONNECTION_REFUSED, "", false);

    private final Backoff backoff = new Backoff();

    @Test
    void next_otherFailures_staysAboutTwiceASecond() {
        assertTwiceASecond(1000, REFUSED);
    }

    @Test
    void next_fewLoginsBrokenOff_staysAboutTwiceASecond() {
        assertTwiceASecond(25, BROKEN_OFF);
    }

    /** What the servers' default allows, by two replicas behind one address. */
    @Test
    void next_fiftyLoginsBrokenOff_takeMoreThanAnHour() {
        Duration time = Duration.ZERO;
        for (int i = 0; i < 50; i++) {
            backoff.failed(BROKEN_OFF);
            time = time.plusNanos(backoff.next());
        }
        assertTrue(time.compareTo(Duration.ofHours(1)) > 0, time.toString());
        assertTrue(backoff.next() <= Duration.ofMinutes(10).toNanos());
    }

    @Test
    void next_afterSuccess_isAboutTwiceASecondAgain() {
        for (int i = 0; i < 1000; i++) {
            backoff.failed(BROKEN_OFF);
        }
        backoff.succeeded();
        assertTwiceASecond(25, BROKEN_OFF);
    }

    private void assertTwiceASecond(int attempts, RatingsUnavailableException failure) {
        for (int i = 0; i < attempts; i++) {
            backoff.failed(failure);
            long millis = backoff.next() / 1_000_000;
            assertTrue(millis >= 400 && millis <= 600, millis + " ms after " + i);
        }
    }
}
