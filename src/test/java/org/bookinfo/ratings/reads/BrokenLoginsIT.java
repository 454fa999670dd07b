package org.bookinfo.ratings.reads;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
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
import org.bookinfo.ratings.testing.Ports;
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
import static org.bookinfo.ratings.testing.Http.NOT_CONNECTED;
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
    Stream<DynamicTest> logins_brokenOff_neverBlockTheHost() {
        return Stream.of(begin(2, Fault.SILENT_AFTER_GREETING, "PREFERRED", "no-answer"),
                begin(3, Fault.SILENT_AFTER_HELLO, "PREFERRED", "no-answer"),
                begin(4, Fault.CLOSED_AFTER_GREETING, "PREFERRED", "closed-during-login"),
                begin(5, Fault.CLOSED_AFTER_HELLO, "PREFERRED", "closed-during-login"),
                begin(6, Fault.NONE, "VERIFY_CA", "certificate-not-trusted"));
    }

    private static DynamicTest begin(int address, Fault fault, String sslMode, String cause) {
        Future<Void> result = threads.submit(() -> breakOff(address, fault, sslMode, cause));
        return DynamicTest.dynamicTest(fault + " " + sslMode, result::get);
    }

    private static Void breakOff(int address, Fault fault, String sslMode, String cause) throws Exception {
        try (FaultyProxy proxy = proxy(address)) {
            try (PackagedApplication application = PackagedApplication.start(proxy, "MYSQL_DB_SSL_MODE", sslMode)) {
                if (fault != Fault.NONE) {
                    application.http().await(GOOD);
                }
                int before = proxy.accepted();
                proxy.set(fault);
                awaitEnd(application, cause);
                int logins = proxy.accepted() - before;
                assertTrue(logins < MOST_BROKEN_LOGINS, logins + " logins broken off in " + OUTAGE);
                proxy.set(Fault.NONE);
                if (fault != Fault.NONE) {
                    application.http().await(GOOD, RECOVERY);
                }
            }
            try (PackagedApplication application = PackagedApplication.start(proxy)) {
                application.http().await(GOOD);
            }
        }
        return null;
    }

    @Test
    void login_hostBlocked_isReportedAndEndsWithTheHint() throws UnknownHostException {
        database.execute("SET GLOBAL max_connect_errors = 3");
        try (FaultyProxy proxy = proxy(7); PackagedApplication application = PackagedApplication.start(proxy)) {
            Http http = application.http();
            http.await(GOOD);
            int before = proxy.accepted();
            proxy.set(Fault.CLOSED_AFTER_GREETING);
            assertEquals(NOT_CONNECTED, http.ratings());
            Await.until("the server has counted enough", () -> proxy.accepted() > before + 4);
            proxy.set(Fault.NONE);
            http.awaitCause("host-blocked");
            String hint = http.well();
            String unblock = database.isMariaDb() ? "FLUSH HOSTS" : "TRUNCATE TABLE performance_schema.host_cache";
            assertTrue(hint.contains(unblock), hint);
            database.execute(unblock);
            http.await(GOOD, RECOVERY);
        } finally {
            database.execute("SET GLOBAL max_connect_errors = 100");
        }
    }

    /** @param address the last number of that of the server's client */
    private static FaultyProxy proxy(int address) throws UnknownHostException {
        return new FaultyProxy(new InetSocketAddress(database.host(), database.port()),
                InetAddress.getByName("127.0.0." + address), new InetSocketAddress("127.0.0.1", Ports.free()));
    }

    /** On a busy machine, single attempts may end before they come that far: the log does not name these. */
    private static void awaitEnd(PackagedApplication application, String cause) throws InterruptedException {
        application.http().awaitCause(cause);
        long end = System.nanoTime() + OUTAGE.toNanos();
        while (System.nanoTime() - end < 0) {
            assertEquals(NOT_CONNECTED, application.http().ratings());
            Thread.sleep(500);
        }
        application.http().awaitCause(cause);
        String log = application.out();
        assertTrue(log.substring(log.lastIndexOf("unavailable")).contains("(" + cause + ","), log);
    }
}
