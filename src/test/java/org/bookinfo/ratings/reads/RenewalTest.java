package org.bookinfo.ratings.reads;

import java.net.URI;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.LogListener;
import org.bookinfo.ratings.testing.Metrics;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * When a session is replaced, and when it is kept.
 */
@QuarkusTest
@TestProfile(RenewalTest.ShortLifetime.class)
@WithTestResource(DatabaseResource.class)
class RenewalTest {

    private static final String NOT_SELECTED = "500 {\"error\":\"could not perform select\"}";
    private static final String ATTEMPTS = "ratings_database_connection_attempts_total{outcome=\"%s\",}";

    public static final class ShortLifetime implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("ratings.connection-lifetime", "2s", "ratings.deadline", "10s");
        }
    }

    @TestHTTPResource("/")
    URI service;

    private final TestDatabase database = DatabaseResource.database();
    private final FaultyProxy proxy = DatabaseResource.proxy();
    private Http http;

    @BeforeEach
    void awaitHealthy() {
        http = new Http(service);
        Await.until("right answers", () -> http.get("/ratings/0").summary().equals(GOOD));
    }

    @AfterEach
    void restore() {
        proxy.set(Fault.NONE);
        database.undo();
        awaitHealthy();
    }

    @Test
    void get_sessionOverItsLifetime_isReplacedWithoutAFailedRequest() {
        int before = proxy.accepted();
        Await.until("two replacements", () -> {
            assertEquals(GOOD, http.get("/ratings/0").summary());
            return proxy.accepted() >= before + 2;
        });
        Await.until("the old session is closed", () -> {
            assertEquals(GOOD, http.get("/ratings/0").summary());
            return proxy.connections() == 1;
        });
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
            assertEquals(GOOD, http.get("/ratings/0").summary());
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
                assertEquals(GOOD, http.get("/ratings/0").summary());
                return warning.get().contains(cause);
            });
        } finally {
            log.close();
        }
        assertTrue(warning.get().contains("answers on the old connection only"), warning.get());
        assertEquals(GOOD, http.get("/ratings/0").summary());
    }

    @Test
    void get_serverRefusesTheSelect_keepsTheSessionAndServesOnIt() {
        double successes = attempts("success");
        database.execute("RENAME TABLE test.ratings TO test.moved");
        Await.until("the refusal is seen", () -> http.get("/ratings/0").summary().equals(NOT_SELECTED));
        int before = proxy.accepted();
        double failures = failedReads();
        Await.until("ten reads have failed", () -> failedReads() > failures + 10);
        assertTrue(proxy.accepted() - before <= 2, proxy.accepted() - before + " logins");
        assertEquals(successes, attempts("success"));
        database.execute("RENAME TABLE test.moved TO test.ratings");
        Await.until("right answers", () -> http.get("/ratings/0").summary().equals(GOOD));
    }

    private double failedReads() {
        return Metrics.of(http).value("ratings_database_read_seconds_count{outcome=\"failure\",}");
    }

    private double attempts(String outcome) {
        return Metrics.of(http).value(ATTEMPTS.formatted(outcome));
    }
}
