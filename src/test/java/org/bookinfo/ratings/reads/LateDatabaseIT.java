package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The packaged application, started before its database: it starts and is ready, and it serves as soon as the database
 * is there.
 */
class LateDatabaseIT {

    private static final String NOT_CONNECTED = "503 {\"error\":\"could not connect to ratings database\"}";

    /** The design promises a second. The rest is room for a slow shared machine, and for a Java that has just begun. */
    private static final Duration RECOVERY = Duration.ofSeconds(5);

    /** The design gives the first read 30 s. The rest is room, as above. */
    private static final Duration READY = Duration.ofSeconds(45);

    private static FaultyProxy proxy;

    @BeforeAll
    static void openProxy() throws IOException {
        proxy = new FaultyProxy(TestDatabase.start());
    }

    @AfterAll
    static void closeProxy() throws IOException {
        proxy.close();
    }

    @ParameterizedTest
    @CsvSource({"REFUSED, connection-refused", "CLOSED, closed-before-greeting", "SILENT, no-answer",
            "DROPPED, no-answer"})
    void start_databaseOutOfReach_isReadyAndServesAsSoonAsItIsThere(Fault fault, String cause) {
        proxy.set(fault);
        try (PackagedApplication application = start("127.0.0.1", proxy.port())) {
            assertReadyWithout(application, cause);
            proxy.set(Fault.NONE);
            Await.until("right answers", RECOVERY, () -> application.http().get("/ratings/0").summary().equals(GOOD));
            assertEquals(1, count(" WARN ", application.out()), application.out());
            assertEquals(1, count("answers after", application.out()), application.out());
            assertFalse(application.out().contains("\tat "), application.out());
        } finally {
            proxy.set(Fault.NONE);
        }
    }

    @Test
    void start_databaseSilent_isNotReadyWhileItMayBeItsOwnSlowness() {
        proxy.set(Fault.SILENT);
        try (PackagedApplication application = start("127.0.0.1", proxy.port())) {
            Http http = application.http();
            assertEquals(NOT_CONNECTED, http.get("/ratings/0").summary());
            for (String probe : List.of("/q/health/ready", "/q/health/started")) {
                assertEquals(503, http.get(probe).status());
            }
            assertEquals(200, http.get("/q/health/live").status());
            proxy.setForNew(Fault.NONE);
            Await.until("the service is ready", RECOVERY, () -> http.get("/q/health/ready").status() == 200);
            assertEquals(GOOD, http.get("/ratings/0").summary());
        } finally {
            proxy.set(Fault.NONE);
        }
    }

    /** The first read is under way then, and the end of the process cuts it off. */
    @Test
    void start_portTaken_logsNothingOfTheDatabase() throws IOException {
        proxy.set(Fault.SILENT);
        Map<String, String> environment = TestDatabase.environment("127.0.0.1", proxy.port());
        environment.put("QUARKUS_HTTP_PORT", String.valueOf(proxy.port()));
        try (PackagedApplication application = new PackagedApplication(environment)) {
            assertEquals(1, application.exitCode());
            assertFalse(application.out().contains("Database"), application.out());
            assertTrue(application.out().contains(String.valueOf(proxy.port())), application.out());
        } finally {
            proxy.set(Fault.NONE);
        }
    }

    @Test
    void start_hostThatDoesNotResolve_isReady() {
        try (PackagedApplication application = start("nosuchhost.invalid", 3306)) {
            assertReadyWithout(application, "unknown-host");
        }
    }

    private static void assertReadyWithout(PackagedApplication application, String cause) {
        Http http = application.http();
        Await.until("the service is ready", READY, () -> http.get("/q/health/ready").status() == 200);
        assertEquals(200, http.get("/q/health/started").status());
        assertEquals(NOT_CONNECTED, http.get("/ratings/0").summary());
        assertEquals("200 {\"status\":\"Ratings is healthy\"}", http.get("/health").summary());
        Await.until("the cause is told",
                () -> http.get("/q/health/well").body().contains("\"cause\": \"" + cause + "\""));
    }

    private static PackagedApplication start(String host, int port) {
        return new PackagedApplication(TestDatabase.environment(host, port)).awaitStart();
    }

    private static long count(String part, String text) {
        return Pattern.compile(part, Pattern.LITERAL).matcher(text).results().count();
    }
}
