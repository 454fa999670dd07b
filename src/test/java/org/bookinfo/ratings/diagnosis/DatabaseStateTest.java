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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    /** @param parts of each line, in turn */
    private void assertLogged(String... parts) {
        assertEquals(parts.length, lines.size(), lines.toString());
        for (int i = 0; i < parts.length; i++) {
            assertTrue(lines.get(i).contains(parts[i]), lines.get(i));
        }
    }

    @Test
    void failed_again_logsOnceWithCauseAndHint() {
        state.failed(BLOCKED);
        state.failed(BLOCKED);
        assertLogged("db.example:3306 unavailable");
        assertTrue(lines.get(0).matches("WARN.*closed-before-greeting.*no ServiceEntry.*"), lines.get(0));
    }

    @Test
    void succeeded_afterOutage_logsOnceHowLongItWas() {
        state.succeeded();
        state.failed(BLOCKED);
        advance(Duration.ofMillis(12_340));
        state.succeeded();
        state.succeeded();
        assertLogged("", "unavailable", "answers again after 12.3 s");
        assertTrue(lines.get(2).startsWith("INFO"), lines.get(2));
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
    void failed_forAnotherReasonThatLasts_logsItOnce() {
        state.failed(BLOCKED);
        for (int i = 0; i < 10; i++) {
            state.failed(DENIED);
        }
        assertLogged("closed-before-greeting", "access-denied");
        assertEquals(Cause.ACCESS_DENIED, state.outage().exception().cause());
    }

    @Test
    void failed_forReasonsThatPass_logsOnlyTheFirst() {
        for (int i = 0; i < 10; i++) {
            state.failed(BLOCKED);
            state.failed(DENIED);
        }
        assertLogged("closed-before-greeting");
    }

    @Test
    void failed_forAReasonSeenInTheLastOutage_confirmsItAnew() {
        state.failed(BLOCKED);
        state.failed(DENIED);
        state.failed(DENIED);
        state.succeeded();
        state.failed(BLOCKED);
        state.failed(DENIED);
        assertLogged("closed-before-greeting", "answers after", "closed-before-greeting");
        assertTrue(lines.get(1).startsWith("INFO"), lines.get(1));
    }

    @Test
    void failed_textFromOutside_forgesNoLine() {
        state.failed(RatingsUnavailableException.invalidRating("ReviewID 7\nforged \u001b[31m" + "x".repeat(100)));
        assertLogged("(rating-invalid, ReviewID 7?forged ?[31m" + "x".repeat(41) + "...)");
    }

    @Test
    void isFirstReadOver_ratingsReadOrFailedForACertainCause_is() {
        assertFalse(state.isFirstReadOver());
        state.failed(BLOCKED);
        assertTrue(state.isFirstReadOver());
        DatabaseState other = new DatabaseState("db.example:3306", () -> now);
        other.succeeded();
        assertTrue(other.isFirstReadOver());
        other.failed(SILENT);
        assertTrue(other.isFirstReadOver());
    }

    @Test
    void isFirstReadOver_failedForSilence_isAfterThirtySeconds() {
        state.failed(SILENT);
        advance(Duration.ofMillis(29_999));
        assertFalse(state.isFirstReadOver());
        advance(Duration.ofMillis(1));
        assertTrue(state.isFirstReadOver());
    }

    /** A new process on a busy machine takes a while until its driver asks for an address. */
    @ParameterizedTest
    @CsvSource({"STARTED, NO_ANSWER", "LOOKUP, NAME_LOOKUP_TIMEOUT", "ACCEPTED, NO_ANSWER"})
    void cause_timedOut_blamesNameServersForALookupOnly(Phase phase, Cause cause) {
        assertEquals(cause, failure(phase, null).cause());
    }

    /** @param thrown null for a timeout */
    private static RatingsUnavailableException failure(Phase phase, Exception thrown) {
        return new RatingsUnavailableException(new Evidence(phase, thrown, thrown == null));
    }

    private void advance(Duration time) {
        now += time.toNanos();
    }
}
