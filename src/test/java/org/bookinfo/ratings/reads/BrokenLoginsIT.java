package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.TestDatabase;
import org.bookinfo.ratings.testing.TestEffort;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The packaged application beside a server that counts the logins which each address breaks off, and blocks an address
 * after {@code max_connect_errors} (100) of them in a row. Servers never block 127.0.0.1, so each way to end a login
 * has another address of loopback, which only Linux has.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "127.0.0.2 is an address of this host on Linux only")
class BrokenLoginsIT {

    /** In 30 s, attempts that are never held back would be 50; in 75 s, the server would have blocked them. */
    private static final Duration OUTAGE = Duration.ofSeconds(TestEffort.size(30, 75));

    /** So that two replicas behind one address are not blocked either. */
    private static final int MOST_BROKEN_LOGINS = 45;

    /** The pauses have grown to a third of the outage by then. */
    private static final Duration RECOVERY = Duration.ofSeconds(60);

    private static TestDatabase database;
    private static ExecutorService threads;

    @BeforeAll
    static void startDatabase() {
        database = TestDatabase.startOnThisHost();
        threads = Executors.newCachedThreadPool();
    }

    @AfterAll
    static void stopDatabase() {
        threads.shutdownNow();
        database.close();
    }

    /** At the same time, as each takes more than a minute. */
    @TestFactory
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    Stream<DynamicTest> loginsBrokenOff_neverBlockTheHost() {
        return Stream.of(test(2, Fault.SILENT_AFTER_GREETING, "no-answer"),
                test(3, Fault.SILENT_AFTER_HELLO, "no-answer"),
                test(4, Fault.CLOSED_AFTER_GREETING, "closed-during-login"),
                test(5, Fault.CLOSED_AFTER_HELLO, "closed-during-login"),
                begin("certificate not trusted", () -> {
                    breakOffForTheCertificate(6);
                    return null;
                }));
    }

    private static DynamicTest test(int address, Fault fault, String cause) {
        return begin(fault.toString(), () -> {
            breakOff(address, fault, cause);
            return null;
        });
    }

    private static DynamicTest begin(String name, Callable<Void> way) {
        Future<Void> result = threads.submit(way);
        return DynamicTest.dynamicTest(name, result::get);
    }

    private static void breakOff(int address, Fault fault, String cause) throws IOException, InterruptedException {
        try (FaultyProxy proxy = proxy(address); PackagedApplication application = start(proxy, "PREFERRED")) {
            Http http = application.http();
            Await.until("right answers", () -> http.get("/ratings/0").summary().equals(GOOD));
            int before = proxy.accepted();
            proxy.set(fault);
            awaitEnd(http, cause);
            assertFew(proxy.accepted() - before);
            proxy.set(Fault.NONE);
            Await.until("right answers again", RECOVERY, () -> http.get("/ratings/0").summary().equals(GOOD));
        }
    }

    private static void breakOffForTheCertificate(int address) throws IOException, InterruptedException {
        try (FaultyProxy proxy = proxy(address)) {
            try (PackagedApplication application = start(proxy, "VERIFY_CA")) {
                awaitEnd(application.http(), "certificate-not-trusted");
                assertFew(proxy.accepted());
            }
            try (PackagedApplication application = start(proxy, "PREFERRED")) {
                Await.until("right answers", () -> application.http().get("/ratings/0").summary().equals(GOOD));
            }
        }
    }

    @Test
    void hostBlocked_isToldSoAndEndsWithTheHint() throws IOException {
        database.execute("SET GLOBAL max_connect_errors = 3");
        try (FaultyProxy proxy = proxy(7); PackagedApplication application = start(proxy, "PREFERRED")) {
            Http http = application.http();
            Await.until("right answers", () -> http.get("/ratings/0").summary().equals(GOOD));
            int before = proxy.accepted();
            proxy.set(Fault.CLOSED_AFTER_GREETING);
            assertEquals(503, http.get("/ratings/0").status());
            Await.until("the server has counted enough", () -> proxy.accepted() > before + 4);
            proxy.set(Fault.NONE);
            Await.until("the cause is told",
                    () -> http.get("/q/health/well").body().contains("\"cause\": \"host-blocked\""));
            String hint = http.get("/q/health/well").body();
            String unblock = database.isMariaDb() ? "FLUSH HOSTS" : "TRUNCATE TABLE performance_schema.host_cache";
            assertTrue(hint.contains(unblock), hint);
            database.execute(unblock);
            Await.until("right answers again", RECOVERY, () -> http.get("/ratings/0").summary().equals(GOOD));
        } finally {
            database.execute("SET GLOBAL max_connect_errors = 100");
        }
    }

    private static FaultyProxy proxy(int address) throws IOException {
        return new FaultyProxy(database, InetAddress.getByName("127.0.0." + address));
    }

    private static PackagedApplication start(FaultyProxy proxy, String sslMode) {
        Map<String, String> environment = TestDatabase.environment("127.0.0.1", proxy.port());
        environment.put("MYSQL_DB_SSL_MODE", sslMode);
        return new PackagedApplication(environment).awaitStart();
    }

    /** From the moment when the cause is told, to the end of the outage, it stays the only one. */
    private static void awaitEnd(Http http, String cause) throws InterruptedException {
        String told = "\"cause\": \"" + cause + "\"";
        Await.until("the cause is told: " + cause, () -> http.get("/q/health/well").body().contains(told));
        long end = System.nanoTime() + OUTAGE.toNanos();
        while (System.nanoTime() - end < 0) {
            String well = http.get("/q/health/well").body();
            assertTrue(well.contains(told), well);
            Thread.sleep(500);
        }
    }

    private static void assertFew(int logins) {
        assertTrue(logins < MOST_BROKEN_LOGINS, logins + " logins broken off in " + OUTAGE.toSeconds() + " s");
    }
}
