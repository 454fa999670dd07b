package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.net.URI;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.KeepAlive;
import org.bookinfo.ratings.testing.LongDeadlineProfile;
import org.bookinfo.ratings.testing.TestDatabase;
import org.bookinfo.ratings.testing.TestEffort;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * One read serves all who wait for it, and nobody who came after it began.
 */
@QuarkusTest
@TestProfile(LongDeadlineProfile.class)
@WithTestResource(DatabaseResource.class)
class FreshnessTest {

    private static final int READS = TestEffort.size(20_000, 100_000);
    private static final int READERS = 32;
    private static final int CROWD = 200;

    @TestHTTPResource("/")
    URI service;

    private final TestDatabase database = DatabaseResource.database();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void end() {
        threads.shutdownNow();
        database.reset();
    }

    @Test
    void get_whileWritersCommit_isNeverOlderThanTheLastCommitAcknowledgedBefore() throws Exception {
        AtomicIntegerArray acknowledged = new AtomicIntegerArray(2);
        List<Future<Integer>> writers = List.of(threads.submit(() -> write(1, acknowledged)),
                threads.submit(() -> write(2, acknowledged)));
        List<Callable<Integer>> readers = new ArrayList<>();
        for (int i = 0; i < READERS; i++) {
            readers.add(() -> countStale(READS / READERS, acknowledged));
        }
        int stale = 0;
        for (Future<Integer> reader : threads.invokeAll(readers)) {
            stale += reader.get();
        }
        int commits = 0;
        for (Future<Integer> writer : writers) {
            writer.cancel(true);
            commits += acknowledged.get(writers.indexOf(writer));
        }
        System.out.printf("%d reads during %d commits, %d of them stale%n", READS, commits, stale);
        assertEquals(0, stale);
        assertTrue(commits > 100, "too few commits to find a stale read: " + commits);
    }

    /** Raises a review's rating by one, over and over, and tells after each commit. */
    private int write(int reviewId, AtomicIntegerArray acknowledged) throws SQLException {
        try (Connection connection = database.connect();
                PreparedStatement update = connection
                        .prepareStatement("UPDATE test.ratings SET Rating = ? WHERE ReviewID = ?")) {
            for (int rating = 6; !Thread.currentThread().isInterrupted(); rating++) {
                update.setInt(1, rating);
                update.setInt(2, reviewId);
                update.executeUpdate();
                acknowledged.set(reviewId - 1, rating);
            }
        }
        return 0;
    }

    private int countStale(int reads, AtomicIntegerArray acknowledged) throws IOException {
        int stale = 0;
        try (KeepAlive connection = new KeepAlive(service)) {
            for (int i = 0; i < reads; i++) {
                int first = acknowledged.get(0);
                int second = acknowledged.get(1);
                String[] parts = connection.get("/ratings/0").body().split("[:,}]");
                if (Integer.parseInt(parts[4]) < first || Integer.parseInt(parts[6]) < second) {
                    stale++;
                }
            }
        }
        return stale;
    }

    @Test
    void get_manyArriveDuringARead_areServedByOneFurtherRead() throws Exception {
        Http http = new Http(service);
        assertEquals(GOOD, http.get("/ratings/0").summary());
        try (Connection locker = database.connect(); Statement lock = locker.createStatement()) {
            lock.execute("LOCK TABLES test.ratings WRITE");
            Future<String> first = threads.submit(() -> http.get("/ratings/0").summary());
            Await.until("the first read waits for the lock", () -> waiting(lock) == 1);
            List<KeepAlive> crowd = new ArrayList<>();
            for (int i = 0; i < CROWD; i++) {
                KeepAlive one = new KeepAlive(service);
                crowd.add(one);
                one.send("/ratings/0");
            }
            // An event loop that answers these has also read what was sent to it before.
            for (int i = 0; i < 50; i++) {
                assertEquals(200, http.get("/health").status());
            }
            int before = DatabaseResource.proxy().statements();
            lock.execute("UNLOCK TABLES");
            assertEquals(GOOD, first.get(20, TimeUnit.SECONDS));
            for (KeepAlive one : crowd) {
                assertEquals(GOOD, one.receive().summary());
                one.close();
            }
            assertEquals(1, DatabaseResource.proxy().statements() - before);
        }
    }

    /** What a server's configuration may say of each session; the last ones are the servers' defaults. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "autocommit = 0                                    | autocommit = 1",
            "init_connect = 'SET autocommit = 0'               | init_connect = ''",
            "init_connect = 'SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY' | init_connect = ''",
            "sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'            | sql_mode = DEFAULT",
            "sql_select_limit = 1                              | sql_select_limit = DEFAULT",
            "completion_type = 'CHAIN'                         | completion_type = DEFAULT"})
    void get_whateverTheServersDefaults_showsEachCommit(String setting, String restored) {
        Http http = new Http(service);
        database.execute("SET GLOBAL " + setting);
        try {
            DatabaseResource.proxy().closeOpen();
            for (int rating = 1; rating <= 5; rating++) {
                database.execute("SET autocommit = 1", "UPDATE test.ratings SET Rating = " + rating);
                String expected = "200 {\"id\":0,\"ratings\":{\"Reviewer1\":%1$d,\"Reviewer2\":%1$d}}"
                        .formatted(rating);
                assertEquals(expected, http.get("/ratings/0").summary());
            }
            database.execute("SET lock_wait_timeout = 5", "ALTER TABLE test.ratings COMMENT 'no transaction is open'");
        } finally {
            database.execute("SET GLOBAL " + restored);
            DatabaseResource.proxy().closeOpen();
        }
    }

    /** A dirty read would show what is never committed. */
    @Test
    void get_serverReadsUncommittedByDefault_showsCommittedRatings() throws SQLException {
        Http http = new Http(service);
        database.execute("SET GLOBAL TRANSACTION ISOLATION LEVEL READ UNCOMMITTED");
        try (Connection writer = database.connect(); Statement statement = writer.createStatement()) {
            DatabaseResource.proxy().closeOpen();
            writer.setAutoCommit(false);
            statement.execute("UPDATE test.ratings SET Rating = 1");
            assertEquals(GOOD, http.get("/ratings/0").summary());
            writer.rollback();
        } finally {
            database.execute("SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ");
            DatabaseResource.proxy().closeOpen();
        }
    }

    private static int waiting(Statement statement) throws SQLException {
        var count = statement.executeQuery("SELECT COUNT(*) FROM information_schema.PROCESSLIST"
                + " WHERE USER = 'bookinfo' AND STATE LIKE 'Waiting for table%'");
        count.next();
        return count.getInt(1);
    }
}
