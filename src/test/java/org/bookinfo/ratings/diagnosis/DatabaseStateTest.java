package org.bookinfo.ratings.diagnosis;

import java.net.SocketException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.bookinfo.ratings.testing.LogListener;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

class DatabaseStateTest {

    private static final RatingsUnavailableException BLOCKED = failure(Phase.ACCEPTED, new SocketException());
    private static final RatingsUnavailableException DENIED = failure(Phase.LOGIN, new SQLException("", "28000", 1045));
    private static final RatingsUnavailableException SILENT = failure(Phase.CONNECTING, null);

    private final List<String> lines = new ArrayList<>();
    private LogListener log;

    private long now = Long.MAX_VALUE - 1000; // a clock may overflow
    private final DatabaseState state = new DatabaseState("db.example:3306", () -> now);

    @BeforeEach
    void listen() {
        log = new LogListener(DatabaseState.class.getName(), line -> {
            assertNull(line.getThrown());
            lines.add(line.getLevel() + " " + line.getMessage());
        });
    }

    @AfterEach
    void stopListening() {
        log.close();
    }

    @Test
    void failed_again_tellsOnceWithCauseAndHint() {
        state.failed(BLOCKED);
        state.failed(BLOCKED);
        assertEquals(1, lines.size(), lines.toString());
        assertTrue(lines.get(0).startsWith("WARN") && lines.get(0).contains("db.example:3306 unavailable")
                && lines.get(0).contains("closed-before-greeting") && lines.get(0).contains("no ServiceEntry"),
                lines.get(0));
    }

    @Test
    void succeeded_afterOutage_tellsOnceHowLongItWas() {
        state.succeeded();
        state.failed(BLOCKED);
        advance(Duration.ofMillis(12_340));
        state.succeeded();
        state.succeeded();
        assertEquals(3, lines.size(), lines.toString());
        assertTrue(lines.get(2).startsWith("INFO") && lines.get(2).contains("answers again after 12.3 s"),
                lines.get(2));
        assertNull(state.outage());
    }

    @Test
    void failed_forMinutes_remindsOnceAMinute() {
        for (int i = 0; i < 10 * 120; i++) {
            state.failed(BLOCKED);
            advance(Duration.ofMillis(500));
        }
        assertEquals(1 + 9, lines.size(), lines.toString());
        assertTrue(lines.get(1).contains("still unavailable after 60.0 s"), lines.get(1));
    }

    @Test
    void failed_forAnotherReasonThatLasts_tellsItOnce() {
        state.failed(BLOCKED);
        for (int i = 0; i < 10; i++) {
            state.failed(DENIED);
        }
        assertEquals(2, lines.size(), lines.toString());
        assertTrue(lines.get(1).contains("access-denied"), lines.get(1));
        assertEquals(Cause.ACCESS_DENIED, state.outage().exception().cause());
    }

    @Test
    void failed_forReasonsThatPass_tellsOnlyTheFirst() {
        for (int i = 0; i < 10; i++) {
            state.failed(BLOCKED);
            state.failed(DENIED);
        }
        assertEquals(1, lines.size(), lines.toString());
    }

    @Test
    void failed_forAReasonSeenInTheLastOutage_confirmsItAnew() {
        state.failed(BLOCKED);
        state.failed(DENIED);
        state.failed(DENIED);
        state.succeeded();
        state.failed(BLOCKED);
        state.failed(DENIED);
        assertEquals(3, lines.size(), lines.toString());
    }

    @Test
    void succeeded_firstTimeAfterFailures_speaksOfNoReturn() {
        state.failed(BLOCKED);
        state.succeeded();
        assertTrue(lines.get(1).startsWith("INFO") && lines.get(1).contains("answers after"), lines.get(1));
    }

    @Test
    void failed_textFromOutside_forgesNoLine() {
        state.failed(RatingsUnavailableException.invalidRating("ReviewID 7\nforged \u001b[31m" + "x".repeat(100)));
        assertTrue(lines.get(0).contains("(rating-invalid, ReviewID 7?forged ?[31m" + "x".repeat(41) + "...)"),
                lines.get(0));
    }

    @Test
    void isFirstReadOver_atFirst_isNot() {
        assertFalse(state.isFirstReadOver());
    }

    @Test
    void isFirstReadOver_ratingsRead_is() {
        state.succeeded();
        assertTrue(state.isFirstReadOver());
    }

    @Test
    void isFirstReadOver_failedForACertainCause_is() {
        state.failed(BLOCKED);
        assertTrue(state.isFirstReadOver());
    }

    @Test
    void isFirstReadOver_failedForSilence_isAfterThirtySeconds() {
        state.failed(SILENT);
        advance(Duration.ofMillis(29_999));
        assertFalse(state.isFirstReadOver());
        advance(Duration.ofMillis(1));
        assertTrue(state.isFirstReadOver());
    }

    @Test
    void isFirstReadOver_silenceAfterRatings_is() {
        state.succeeded();
        state.failed(SILENT);
        assertTrue(state.isFirstReadOver());
    }

    /** @param thrown null for a timeout */
    private static RatingsUnavailableException failure(Phase phase, Exception thrown) {
        return new RatingsUnavailableException(new Evidence(phase, thrown, thrown == null));
    }

    private void advance(Duration time) {
        now += time.toNanos();
    }
}
