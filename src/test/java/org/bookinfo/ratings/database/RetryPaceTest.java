package org.bookinfo.ratings.database;

import java.time.Duration;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertTrue;

class RetryPaceTest {

    private static final RatingsUnavailableException BROKEN_OFF = new RatingsUnavailableException(DatabaseFailure.TLS,
            "", true);
    private static final RatingsUnavailableException REFUSED = new RatingsUnavailableException(
            DatabaseFailure.CONNECTION_REFUSED, "", false);

    private final RetryPace pace = new RetryPace();

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
            pace.failed(BROKEN_OFF);
            time = time.plusNanos(pace.next());
        }
        assertTrue(time.compareTo(Duration.ofHours(1)) > 0, time.toString());
        assertTrue(pace.next() <= Duration.ofMinutes(10).toNanos());
    }

    @Test
    void next_afterSuccess_isAboutTwiceASecondAgain() {
        for (int i = 0; i < 1000; i++) {
            pace.failed(BROKEN_OFF);
        }
        pace.succeeded();
        assertTwiceASecond(25, BROKEN_OFF);
    }

    private void assertTwiceASecond(int attempts, RatingsUnavailableException failure) {
        for (int i = 0; i < attempts; i++) {
            pace.failed(failure);
            long millis = pace.next() / 1_000_000;
            assertTrue(millis >= 400 && millis <= 600, millis + " ms after " + i);
        }
    }
}
