package org.bookinfo.ratings.reads;

import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.quarkus.test.junit.QuarkusTest;
import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.ServiceTest;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.bookinfo.ratings.testing.Http.HEALTHY;
import static org.bookinfo.ratings.testing.Http.NOT_CONNECTED;
import static org.bookinfo.ratings.testing.Http.NOT_SELECTED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What callers and operators see of each fault of the database or of the way to it: responses in time, at once when the
 * fault is known, a diagnosis, and recovery without help.
 */
@QuarkusTest
class OutageTest extends ServiceTest {

    private static final int CROWD = 500;

    /** The design promises a response within 1 s. The rest is room for a crowd of threads on a slow shared machine. */
    private static final Duration DEADLINE = Duration.ofSeconds(4);

    /** The design promises right answers again within 1 s. The rest is room, as above. */
    private static final Duration RECOVERY = Duration.ofSeconds(4);

    /** The design promises 30 s to a server whose login takes longer than the deadline. */
    private static final Duration SLOW_LOGIN = Duration.ofSeconds(40);

    private static ExecutorService crowd;

    @BeforeAll
    static void startThreads() {
        crowd = Executors.newFixedThreadPool(CROWD);
    }

    @AfterAll
    static void stopThreads() {
        crowd.shutdownNow();
    }

    @ParameterizedTest
    @CsvSource({"REFUSED, connection-refused", "CLOSED, closed-before-greeting", "RESET, closed-before-greeting",
            "SILENT, no-answer", "SILENT_AFTER_GREETING, no-answer", "SILENT_AFTER_HELLO, no-answer",
            "CLOSED_AFTER_GREETING, closed-during-login", "CLOSED_AFTER_HELLO, closed-during-login",
            "DROPPED, no-answer", "TRICKLING, no-answer"})
    void get_networkFault_answersInTimeSaysWhyAndRecovers(Fault fault, String cause) throws Exception {
        assertOutage(NOT_CONNECTED, () -> proxy.set(fault), () -> proxy.set(Fault.NONE), cause);
    }

    @Test
    void get_cutInTheMiddleOfTheResult_answersInTimeSaysWhyAndRecovers() throws Exception {
        proxy.cutAfter(bytesToTheMiddleOfTheResult());
        get_networkFault_answersInTimeSaysWhyAndRecovers(Fault.CUT, "connection-lost");
    }

    @Test
    void get_cutInTheMiddleOfTheGreeting_answersInTimeSaysWhyAndRecovers() throws Exception {
        proxy.cutAfter(20); // it is some 80 to 100 bytes long
        get_networkFault_answersInTimeSaysWhyAndRecovers(Fault.CUT, "closed-during-login");
    }

    @Test
    void get_tableLocked_answersInTimeSaysWhyAndRecovers() throws Exception {
        try (Connection locker = database.connect()) {
            assertOutage(NOT_CONNECTED, () -> locker.createStatement().execute("LOCK TABLES test.ratings WRITE"),
                    () -> locker.createStatement().execute("UNLOCK TABLES"), "statement-timeout");
        }
        Await.until("no statement of the service waits at the server",
                () -> database.query("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'bookinfo'"
                        + " AND COMMAND <> 'Sleep'").isEmpty());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "503 | access-denied     | ALTER USER 'bookinfo'@'%' IDENTIFIED BY 'another'",
            "503 | access-denied     | DROP USER 'bookinfo'@'%'",
            "503 | account-locked    | ALTER USER 'bookinfo'@'%' ACCOUNT LOCK",
            "503 | password-expired  | ALTER USER 'bookinfo'@'%' PASSWORD EXPIRE",
            "500 | table-missing     | DROP DATABASE test",
            "500 | table-missing     | DROP TABLE test.ratings",
            "500 | column-missing    | ALTER TABLE test.ratings DROP COLUMN Rating",
            "500 | column-missing    | ALTER TABLE test.ratings CHANGE ReviewID ID INT",
            "500 | rating-invalid    | ALTER TABLE test.ratings MODIFY Rating VARCHAR(9); UPDATE test.ratings SET"
                    + " Rating = 'five'",
            "500 | rating-invalid    | ALTER TABLE test.ratings MODIFY Rating BIGINT; UPDATE test.ratings SET Rating"
                    + " = 2147483648",
            "500 | privilege-missing | REVOKE SELECT ON test.ratings FROM 'bookinfo'@'%'",
            "500 | privilege-missing | RENAME TABLE test.ratings TO test.others; CREATE USER gone; GRANT ALL ON"
                    + " test.* TO gone;"
                    + " CREATE DEFINER = gone SQL SECURITY DEFINER VIEW test.ratings AS SELECT * FROM test.others;"
                    + " DROP USER gone",
            "500 | select-failed     | RENAME TABLE test.ratings TO test.others; CREATE VIEW test.ratings AS"
                    + " SELECT ReviewID, Rating + 9223372036854775807 AS Rating FROM test.others"})
    void get_serverFault_answersInTimeSaysWhyAndRecovers(int status, String cause, String sql) throws Exception {
        assertOutage(status == 503 ? NOT_CONNECTED : NOT_SELECTED, () -> {
            database.execute(sql);
            proxy.closeOpen();
        }, database::reset, cause);
    }

    /** Other servers' errors, raised by this one: 1047 is a Galera node's that is cut off from its cluster. */
    @ParameterizedTest
    @CsvSource({"1047, server-not-ready", "1205, statement-timeout", "1317, statement-timeout",
            "1053, shutting-down"})
    void get_serverSaysThatItCannot_answersInTimeSaysWhyAndRecovers(int code, String cause) throws Exception {
        get_serverFault_answersInTimeSaysWhyAndRecovers(503, cause, "RENAME TABLE test.ratings TO test.others;"
                + " CREATE FUNCTION test.fail() RETURNS INT NO SQL BEGIN SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = "
                + code + "; RETURN 0; END;"
                + " CREATE VIEW test.ratings AS SELECT ReviewID, test.fail() AS Rating FROM test.others");
    }

    @Test
    void get_accountWithoutAConnectionLeft_answersInTimeSaysWhyAndRecovers() throws Exception {
        List<Connection> other = new ArrayList<>();
        assertOutage(NOT_CONNECTED, () -> {
            database.execute("ALTER USER 'bookinfo'@'%' WITH MAX_USER_CONNECTIONS 1");
            proxy.closeOpen();
            Await.until("another takes the only connection", () -> other.add(DriverManager.getConnection(
                    EmbeddedDatabase.adminUrl(database.host(), database.port()), "bookinfo", TestDatabase.PASSWORD)));
        }, () -> other.get(0).close(), "too-many-connections");
    }

    @Test
    void get_serverRestartedUnderLoad_answersAreTheContractsAndRecover() throws Exception {
        CountDownLatch restarted = new CountDownLatch(1);
        Set<String> answers = ConcurrentHashMap.newKeySet();
        Future<Boolean> client = crowd.submit(() -> {
            String answer;
            do {
                answer = http.ratings();
                answers.add(answer);
            } while (restarted.getCount() > 0 || !answer.equals(GOOD));
            return true;
        });
        database.restart();
        restarted.countDown();
        awaitRecovery();
        assertTrue(client.get(60, TimeUnit.SECONDS));
        assertTrue(Set.of(GOOD, NOT_CONNECTED).containsAll(answers), answers.toString());
    }

    @Test
    void outage_withoutTraffic_ends() {
        proxy.set(Fault.CLOSED);
        assertEquals(NOT_CONNECTED, http.ratings());
        proxy.set(Fault.NONE);
        Await.until("the service connects without a request", RECOVERY, () -> proxy.connections() == 1);
    }

    @ParameterizedTest
    @EnumSource(names = {"LATE_GREETING", "SLOW"})
    void get_loginLongerThanTheDeadline_isAnsweredInTimeAndServedInTheEnd(Fault fault) {
        proxy.set(fault);
        assertEquals(503, http.get("/ratings/0").status());
        Await.until("right answers", SLOW_LOGIN, () -> timedRatings().equals(GOOD));
    }

    /** A step of a test that may throw. */
    private interface Step {
        void run() throws Exception;
    }

    private void assertOutage(String answer, Step begin, Step end, String cause) throws Exception {
        begin.run();
        // A machine too busy to log in within the bound makes any fault one of the connection, for a while.
        List<String> allowed = List.of(answer, NOT_CONNECTED);
        for (Future<String> first : crowd
                .invokeAll(Collections.nCopies(CROWD, (Callable<String>) this::timedRatings))) {
            assertTrue(allowed.contains(first.get()), first.get());
        }
        int attempts = proxy.accepted();
        long start = System.nanoTime();
        for (int i = 0; i < 200; i++) {
            String known = http.ratings();
            assertTrue(allowed.contains(known), known);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        assertTrue(proxy.accepted() - attempts <= 2 + 3 * seconds,
                proxy.accepted() - attempts + " attempts in " + seconds + " s");
        http.await(answer);
        http.awaitCause(cause);
        assertDiagnosis();
        assertUnaffected();
        end.run();
        awaitRecovery();
    }

    private String timedRatings() {
        long start = System.nanoTime();
        String answer = http.ratings();
        Duration time = Duration.ofNanos(System.nanoTime() - start);
        assertTrue(time.compareTo(DEADLINE) < 0, "answered after " + time);
        return answer;
    }

    private void awaitRecovery() {
        http.await(GOOD, RECOVERY);
        assertEquals(200, http.get("/q/health/well").status());
    }

    private void assertDiagnosis() {
        Http.Answer well = http.get("/q/health/well");
        assertEquals(503, well.status());
        for (String part : List.of("\"hint\": ", "127.0.0.1:" + proxy.port(), "\"since\": ")) {
            assertTrue(well.body().contains(part), well.body());
        }
        assertFalse(well.body().contains(TestDatabase.PASSWORD), well.body());
    }

    private void assertUnaffected() {
        assertEquals(HEALTHY, http.get("/health").summary());
        for (String probe : List.of("started", "live", "ready")) {
            assertEquals(200, http.get("/q/health/" + probe).status());
        }
        assertEquals(400, http.get("/ratings/abc").status());
        assertEquals(501, http.send("POST", "/ratings/0", "{}").status());
    }

    /** Of what the server sends on a new connection: the login, and half of the first result. */
    private long bytesToTheMiddleOfTheResult() {
        proxy.closeOpen();
        assertEquals(GOOD, http.ratings());
        long first = proxy.fromServer();
        assertEquals(GOOD, http.ratings());
        return first - (proxy.fromServer() - first) / 2;
    }
}
