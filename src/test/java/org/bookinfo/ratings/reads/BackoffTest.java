package org.bookinfo.ratings.reads;

import java.net.ConnectException;
import java.sql.SQLException;
import java.time.Duration;

import javax.net.ssl.SSLException;

import org.bookinfo.ratings.diagnosis.Evidence;
import org.bookinfo.ratings.diagnosis.Phase;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class BackoffTest {

    private static final RatingsUnavailableException BROKEN_OFF = failure(Phase.LOGIN, new SSLException(""));
    private static final RatingsUnavailableException REFUSED = failure(Phase.CONNECTING, new ConnectException());

    private final Backoff backoff = new Backoff();

    @Test
    void next_otherFailuresOrFewLoginsBrokenOff_staysAboutTwiceASecond() {
        assertTwiceASecond(1000, REFUSED);
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
    void next_hourlyLimitUsedUp_isHalfAMinute() {
        backoff.failed(failure(Phase.LOGIN,
                new SQLException("has exceeded the 'max_connections_per_hour' resource", "42000", 1226)));
        assertEquals(Duration.ofSeconds(30).toNanos(), backoff.next());
        backoff.failed(REFUSED);
        assertTwiceASecond(1, REFUSED);
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

    private static RatingsUnavailableException failure(Phase phase, Exception thrown) {
        return new RatingsUnavailableException(new Evidence(phase, thrown, false));
    }
}
