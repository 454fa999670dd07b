package org.bookinfo.ratings.reads;

import java.time.Duration;
import java.util.List;

import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.bookinfo.ratings.testing.Http.HEALTHY;
import static org.bookinfo.ratings.testing.Http.NOT_CONNECTED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The packaged application, started before its database: it starts and is ready, and it serves as soon as the database
 * is there.
 */
class LateDatabaseIT {

    /** The design promises a second. The rest is room for a slow shared machine, and for a Java that has just begun. */
    private static final Duration RECOVERY = Duration.ofSeconds(5);

    /** The design gives the first read 30 s. The rest is room, as above. */
    private static final Duration READY = Duration.ofSeconds(45);

    private static FaultyProxy proxy;

    @BeforeAll
    static void openProxy() {
        proxy = new FaultyProxy(TestDatabase.start());
    }

    @AfterAll
    static void closeProxy() {
        proxy.close();
    }

    @AfterEach
    void endFault() {
        proxy.restore();
    }

    @ParameterizedTest
    @CsvSource({"REFUSED, connection-refused", "CLOSED, closed-before-greeting", "SILENT, no-answer",
            "DROPPED, no-answer"})
    void start_databaseOutOfReach_isReadyAndServesAsSoonAsItIsThere(Fault fault, String cause) {
        proxy.set(fault);
        try (PackagedApplication application = PackagedApplication.start(proxy)) {
            Http http = application.http();
            Await.until("the service is ready", READY, () -> http.get("/q/health/ready").status() == 200);
            assertEquals(200, http.get("/q/health/started").status());
            assertEquals(NOT_CONNECTED, http.ratings());
            assertEquals(HEALTHY, http.get("/health").summary());
            http.awaitCause(cause);
            proxy.set(Fault.NONE);
            http.await(GOOD, RECOVERY);
            assertEquals(2, application.out().split(" WARN ").length, application.out());
            assertEquals(2, application.out().split("answers after").length, application.out());
            assertFalse(application.out().contains("\tat "), application.out());
        }
    }

    @Test
    void start_databaseSilent_isNotReadyWhileItMayBeItsOwnSlowness() {
        proxy.set(Fault.SILENT);
        try (PackagedApplication application = PackagedApplication.start(proxy)) {
            Http http = application.http();
            assertEquals(NOT_CONNECTED, http.ratings());
            for (String probe : List.of("/q/health/ready", "/q/health/started")) {
                assertEquals(503, http.get(probe).status());
            }
            assertEquals(200, http.get("/q/health/live").status());
            proxy.setForNew(Fault.NONE);
            Await.until("the service is ready", RECOVERY, () -> http.get("/q/health/ready").status() == 200);
            assertEquals(GOOD, http.ratings());
        }
    }

    /** The first read is under way then, and the end of the process cuts it off. */
    @Test
    void start_portInUse_logsNothingAboutTheDatabase() {
        proxy.set(Fault.SILENT);
        try (PackagedApplication application = new PackagedApplication(TestDatabase.environment("127.0.0.1",
                proxy.port(), "QUARKUS_HTTP_PORT", String.valueOf(proxy.port()), "RATINGS_DEADLINE", "10s"))) {
            assertEquals(1, application.exitCode());
            assertFalse(application.out().contains("Database"), application.out());
            assertTrue(application.out().contains(String.valueOf(proxy.port())), application.out());
        }
    }
}
