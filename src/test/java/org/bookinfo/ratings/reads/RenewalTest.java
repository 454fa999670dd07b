package org.bookinfo.ratings.reads;

import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.LogListener;
import org.bookinfo.ratings.testing.Metrics;
import org.bookinfo.ratings.testing.ServiceTest;
import org.junit.jupiter.api.Test;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.bookinfo.ratings.testing.Http.NOT_SELECTED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * When a session is replaced, and when it is kept.
 */
@QuarkusTest
@TestProfile(RenewalTest.ShortLifetime.class)
class RenewalTest extends ServiceTest {

    public static final class ShortLifetime implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("ratings.connection-lifetime", "2s", "ratings.deadline", "10s");
        }
    }

    @Test
    void get_sessionOverItsLifetime_isReplacedWithoutAFailedRequest() {
        int before = proxy.accepted();
        Await.until("two replacements, and the end of the old session", () -> {
            assertEquals(GOOD, http.ratings());
            return proxy.accepted() >= before + 2 && proxy.connections() == 1;
        });
    }

    @Test
    void renewal_withoutFurtherRequests_isCompleted() {
        assertEquals(GOOD, http.ratings());
        int before = proxy.accepted();
        String old = database.sessions().strip();
        Await.until("a renewal begins", () -> {
            assertEquals(GOOD, http.ratings());
            return proxy.accepted() > before;
        });
        Await.until("the old session has ended", () -> database.sessions().lines().noneMatch(old::equals));
    }

    @Test
    void get_replacementFails_isServedByTheOldSession() {
        database.execute("ALTER USER 'bookinfo'@'%' IDENTIFIED BY 'another'");
        assertServedByTheOldSession("access-denied");
    }

    /** A session has the roles that were its account's defaults when it logged in. */
    @Test
    void get_firstSelectOfTheReplacementFails_isServedByTheOldSession() {
        String account = (database.isMariaDb() ? " FOR" : " TO") + " 'bookinfo'@'%'";
        database.execute("DROP ROLE IF EXISTS reader", "CREATE ROLE reader", "GRANT SELECT ON test.ratings TO reader",
                "GRANT reader TO 'bookinfo'@'%'", "SET DEFAULT ROLE reader" + account);
        try {
            proxy.closeOpen();
            assertEquals(GOOD, http.ratings());
            database.execute("REVOKE SELECT ON test.ratings FROM 'bookinfo'@'%'", "SET DEFAULT ROLE NONE" + account);
            assertServedByTheOldSession("privilege-missing");
        } finally {
            database.execute("DROP ROLE reader");
        }
    }

    private void assertServedByTheOldSession(String cause) {
        AtomicReference<String> warning = new AtomicReference<>("");
        LogListener log = new LogListener("org.bookinfo.ratings", line -> warning.set(line.getMessage()));
        try {
            Await.until("the failed renewal is logged", () -> {
                assertEquals(GOOD, http.ratings());
                return warning.get().contains(cause);
            });
        } finally {
            log.close();
        }
        assertTrue(warning.get().contains("answers on the old connection only"), warning.get());
        assertEquals(GOOD, http.ratings());
        proxy.closeOpen(); // the next test begins with a new session
    }

    @Test
    void get_serverRefusesTheSelect_keepsTheSessionAndServesOnIt() {
        database.execute("RENAME TABLE test.ratings TO test.moved");
        http.await(NOT_SELECTED);
        double successes = attempts("success");
        int before = proxy.accepted();
        double failures = failedReads();
        Await.until("ten reads have failed", () -> failedReads() > failures + 10);
        assertTrue(proxy.accepted() - before <= 2, proxy.accepted() - before + " logins");
        assertEquals(successes, attempts("success"));
        database.execute("RENAME TABLE test.moved TO test.ratings");
        http.await(GOOD);
    }

    private double failedReads() {
        return Metrics.of(http).value("ratings_database_read_seconds_count{outcome=\"failure\",}");
    }

    private double attempts(String outcome) {
        return Metrics.of(http).value("ratings_database_connection_attempts_total{outcome=\"" + outcome + "\",}");
    }
}
