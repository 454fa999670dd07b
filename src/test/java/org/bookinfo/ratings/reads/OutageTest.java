package org.bookinfo.ratings.reads;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What callers and operators see of each fault of the database or of the way to it: answers in time, at once when the
 * fault is known, a diagnosis, and recovery without help.
 */
@QuarkusTest
@WithTestResource(DatabaseResource.class)
class OutageTest {

    private static final String NOT_CONNECTED = "503 {\"error\":\"could not connect to ratings database\"}";
    private static final String NOT_SELECTED = "500 {\"error\":\"could not perform select\"}";

    private static final int CROWD = 500;

    /** The design promises an answer within 1 s. The rest is room for a crowd of threads on a slow shared machine. */
    private static final Duration DEADLINE = Duration.ofSeconds(4);

    /** The design promises right answers again within 1 s. The rest is room, as above. */
    private static final Duration RECOVERY = Duration.ofSeconds(4);

    private static ExecutorService crowd;

    @TestHTTPResource("/")
    URI service;

    private final TestDatabase database = DatabaseResource.database();
    private final FaultyProxy proxy = DatabaseResource.proxy();
    private Http http;

    @BeforeAll
    static void startThreads() {
        crowd = Executors.newFixedThreadPool(CROWD);
    }

    @AfterAll
    static void stopThreads() {
        crowd.shutdownNow();
    }

    @BeforeEach
    void awaitHealthy() {
        http = new Http(service);
        awaitRecovery();
    }

    @AfterEach
    void restore() {
        proxy.set(Fault.NONE);
        database.undo();
        Await.until("the service answers again", () -> http.get("/ratings/0").summary().equals(GOOD));
    }

    @ParameterizedTest
    @CsvSource({"REFUSED, connection-refused", "CLOSED, closed-before-greeting", "RESET, closed-before-greeting",
            "SILENT, no-answer",
            "SILENT_AFTER_GREETING, no-answer", "SILENT_AFTER_HELLO, no-answer",
            "CLOSED_AFTER_GREETING, closed-during-login", "CLOSED_AFTER_HELLO, closed-during-login",
            "DROPPED, no-answer",
            "DRIPPING, no-answer", "TRICKLING, no-answer"})
    void get_networkFault_answersInTimeSaysWhyAndRecovers(Fault fault, String cause) {
        assertNetworkFault(fault, cause);
    }

    @Test
    void get_cutInTheMiddleOfTheResult_answersInTimeSaysWhyAndRecovers() {
        proxy.cutAfter(bytesToTheMiddleOfTheResult());
        assertNetworkFault(Fault.CUT, "connection-lost");
    }

    @Test
    void get_cutInTheMiddleOfTheGreeting_answersInTimeSaysWhyAndRecovers() {
        proxy.cutAfter(20); // it is some 80 to 100 bytes long
        assertNetworkFault(Fault.CUT, "closed-during-login");
    }

    @Test
    void get_tableLocked_answersInTimeSaysWhyAndRecovers() throws SQLException {
        try (Connection locker = database.connect(); Statement statement = locker.createStatement()) {
            assertOutage(NOT_CONNECTED, () -> execute(statement, "LOCK TABLES test.ratings WRITE"),
                    () -> execute(statement, "UNLOCK TABLES"), "statement-timeout");
        }
        Await.until("no statement of the service waits at the server", () -> waitingStatements() == 0);
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
            "500 | rating-invalid    | ALTER TABLE test.ratings MODIFY Rating VARCHAR(9); UPDATE test.ratings SET"
                    + " Rating = 'five'",
            "500 | rating-invalid    | ALTER TABLE test.ratings MODIFY Rating BIGINT; UPDATE test.ratings SET Rating"
                    + " = 2147483648",
            "500 | privilege-missing | REVOKE SELECT ON test.ratings FROM 'bookinfo'@'%'",
            "500 | privilege-missing | RENAME TABLE test.ratings TO test.others; CREATE USER gone; GRANT ALL ON"
                    + " test.* TO gone;"
                    + " CREATE DEFINER = gone SQL SECURITY DEFINER VIEW test.ratings AS SELECT * FROM test.others;"
                    + " DROP USER gone"})
    void get_serverFault_answersInTimeSaysWhyAndRecovers(int status, String cause, String sql) {
        assertOutage(status == 503 ? NOT_CONNECTED : NOT_SELECTED, () -> {
            database.execute(sql);
            proxy.closeOpen();
        }, database::reset, cause);
    }

    @Test
    void get_accountWithoutAConnectionLeft_answersInTimeSaysWhyAndRecovers() throws SQLException {
        List<Connection> others = new ArrayList<>();
        assertOutage(NOT_CONNECTED, () -> {
            database.execute("ALTER USER 'bookinfo'@'%' WITH MAX_USER_CONNECTIONS 1");
            proxy.closeOpen();
            Await.until("another takes the only connection", () -> others.add(DriverManager.getConnection(
                    EmbeddedDatabase.adminUrl(database.host(), database.port()), "bookinfo", TestDatabase.PASSWORD)));
        }, () -> {
            for (Connection other : others) {
                try {
                    other.close();
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            }
        }, "too-many-connections");
    }

    @Test
    void get_serverRestartedUnderLoad_answersAreTheContractsAndRecover() throws Exception {
        CountDownLatch restarted = new CountDownLatch(1);
        Future<List<String>> answers = crowd.submit(() -> {
            List<String> seen = new ArrayList<>();
            while (!Thread.currentThread().isInterrupted() && seen.size() < 100_000) {
                String answer = http.get("/ratings/0").summary();
                if (!seen.contains(answer)) {
                    seen.add(answer);
                }
                if (restarted.getCount() == 0 && answer.equals(GOOD)) {
                    break;
                }
            }
            return seen;
        });
        database.restart();
        restarted.countDown();
        awaitRecovery();
        for (String answer : answers.get(60, TimeUnit.SECONDS)) {
            assertTrue(List.of(GOOD, NOT_CONNECTED).contains(answer), answer);
        }
    }

    @Test
    void outage_noTraffic_endsAllTheSame() {
        proxy.set(Fault.CLOSED);
        assertEquals(NOT_CONNECTED, http.get("/ratings/0").summary());
        proxy.set(Fault.NONE);
        Await.until("the service connects without being asked", RECOVERY, () -> proxy.connections() == 1);
    }

    private void assertNetworkFault(Fault fault, String cause) {
        assertOutage(NOT_CONNECTED, () -> proxy.set(fault), () -> proxy.set(Fault.NONE), cause);
    }

    private void assertOutage(String answer, Runnable begin, Runnable end, String cause) {
        begin.run();
        // A machine too busy to log in within the bound makes any fault one of the connection, for a while.
        List<String> allowed = List.of(answer, NOT_CONNECTED);
        for (Timed first : askAll()) {
            assertTrue(allowed.contains(first.answer.summary()), first.answer.summary());
            assertTrue(first.time.compareTo(DEADLINE) < 0, "answered after " + first.time);
        }
        int attempts = proxy.accepted();
        long start = System.nanoTime();
        for (int i = 0; i < 200; i++) {
            String known = http.get("/ratings/0").summary();
            assertTrue(allowed.contains(known), known);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        assertTrue(proxy.accepted() - attempts <= 2 + 3 * seconds,
                proxy.accepted() - attempts + " attempts in " + seconds + " s");
        Await.until("the answer of the contract", () -> http.get("/ratings/0").summary().equals(answer));
        assertTold(cause);
        assertUnaffected();
        end.run();
        awaitRecovery();
    }

    private void awaitRecovery() {
        Await.until("right answers again", RECOVERY, () -> http.get("/ratings/0").summary().equals(GOOD));
        assertEquals(200, http.get("/q/health/well").status());
    }

    private void assertTold(String cause) {
        Await.until("the cause is told: " + cause,
                () -> http.get("/q/health/well").body().contains("\"cause\": \"" + cause + "\""));
        Http.Answer well = http.get("/q/health/well");
        assertEquals(503, well.status());
        assertTrue(well.body().contains("\"hint\": ") && well.body().contains("127.0.0.1:" + proxy.port()),
                well.body());
        assertTrue(well.body().contains("\"since\": "), well.body());
        assertTrue(!well.body().contains(TestDatabase.PASSWORD), well.body());
    }

    private void assertUnaffected() {
        assertEquals("200 {\"status\":\"Ratings is healthy\"}", http.get("/health").summary());
        for (String probe : List.of("started", "live", "ready")) {
            assertEquals(200, http.get("/q/health/" + probe).status());
        }
        assertEquals(400, http.get("/ratings/abc").status());
        assertEquals(501, http.send("POST", "/ratings/0", "{}".getBytes(StandardCharsets.UTF_8)).status());
    }

    private record Timed(Http.Answer answer, Duration time) {
    }

    /** All at once. */
    private List<Timed> askAll() {
        CountDownLatch ready = new CountDownLatch(CROWD);
        List<Future<Timed>> asked = new ArrayList<>();
        for (int i = 0; i < CROWD; i++) {
            asked.add(crowd.submit(() -> {
                ready.countDown();
                ready.await();
                long start = System.nanoTime();
                Http.Answer answer = http.get("/ratings/0");
                return new Timed(answer, Duration.ofNanos(System.nanoTime() - start));
            }));
        }
        List<Timed> answers = new ArrayList<>();
        try {
            for (Future<Timed> one : asked) {
                answers.add(one.get(60, TimeUnit.SECONDS));
            }
        } catch (Exception e) {
            throw new AssertionError("A request was dropped or left hanging", e);
        }
        return answers;
    }

    /** Of what the server sends on a new connection: the login, and half of the first result. */
    private long bytesToTheMiddleOfTheResult() {
        proxy.closeOpen();
        assertEquals(GOOD, http.get("/ratings/0").summary());
        long first = proxy.fromServer();
        assertEquals(GOOD, http.get("/ratings/0").summary());
        return first - (proxy.fromServer() - first) / 2;
    }

    private int waitingStatements() throws SQLException {
        try (Connection connection = database.connect(); Statement statement = connection.createStatement()) {
            var waiting = statement.executeQuery("SELECT COUNT(*) FROM information_schema.PROCESSLIST"
                    + " WHERE USER = 'bookinfo' AND COMMAND <> 'Sleep'");
            waiting.next();
            return waiting.getInt(1);
        }
    }

    private static void execute(Statement statement, String sql) {
        try {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
