package org.bookinfo.ratings.database;

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

    private static final RatingsUnavailableException BLOCKED = new RatingsUnavailableException(
            DatabaseFailure.EGRESS_BLOCKED, "08S01/0", false);
    private static final RatingsUnavailableException DENIED = new RatingsUnavailableException(
            DatabaseFailure.ACCESS_DENIED, "28000/1045", false);

    private static final RatingsUnavailableException SILENT = new RatingsUnavailableException(
            DatabaseFailure.NO_ANSWER, "08S01/0", false);

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
        assertTrue(lines.get(0).startsWith("WARN") && lines.get(0).contains("db.example:3306 lost")
                && lines.get(0).contains("egress-blocked") && lines.get(0).contains("apply the ServiceEntry"),
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
        assertTrue(lines.get(2).startsWith("INFO") && lines.get(2).contains("back after 12.3 s"), lines.get(2));
        assertNull(state.outage());
    }

    @Test
    void failed_forMinutes_remindsOnceAMinute() {
        for (int i = 0; i < 10 * 120; i++) {
            state.failed(BLOCKED);
            advance(Duration.ofMillis(500));
        }
        assertEquals(1 + 9, lines.size(), lines.toString());
        assertTrue(lines.get(1).contains("still gone after 60.0 s"), lines.get(1));
    }

    @Test
    void failed_forAnotherReasonThatLasts_tellsItOnce() {
        state.failed(BLOCKED);
        for (int i = 0; i < 10; i++) {
            state.failed(DENIED);
        }
        assertEquals(2, lines.size(), lines.toString());
        assertTrue(lines.get(1).contains("access-denied"), lines.get(1));
        assertEquals(DatabaseFailure.ACCESS_DENIED, state.outage().exception().failure());
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
    void isKnown_atFirst_isNot() {
        assertFalse(state.isKnown());
    }

    @Test
    void isKnown_ratingsRead_is() {
        state.succeeded();
        assertTrue(state.isKnown());
    }

    @Test
    void isKnown_failedForACertainCause_is() {
        state.failed(BLOCKED);
        assertTrue(state.isKnown());
    }

    @Test
    void isKnown_failedForSilence_isAfterTenSeconds() {
        state.failed(SILENT);
        advance(Duration.ofMillis(9_999));
        assertFalse(state.isKnown());
        advance(Duration.ofMillis(1));
        assertTrue(state.isKnown());
    }

    @Test
    void isKnown_silenceAfterRatings_is() {
        state.succeeded();
        state.failed(SILENT);
        assertTrue(state.isKnown());
    }

    private void advance(Duration time) {
        now += time.toNanos();
    }
}
