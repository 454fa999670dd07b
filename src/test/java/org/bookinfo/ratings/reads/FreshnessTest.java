package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.RawConnection;
import org.bookinfo.ratings.testing.ServiceTest;
import org.bookinfo.ratings.testing.TestEffort;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * One read serves all requests that wait for it, and none that arrived after it began.
 */
@QuarkusTest
@TestProfile(ServiceTest.LongDeadline.class)
class FreshnessTest extends ServiceTest {

    private static final int READS = TestEffort.size(20_000, 100_000);
    private static final int READERS = 32;
    private static final int CROWD = 200;

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
        Callable<Integer> client = () -> countStale(READS / READERS, acknowledged);
        int stale = 0;
        for (Future<Integer> reader : threads.invokeAll(Collections.nCopies(READERS, client))) {
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

    /** Raises a review's rating by one, over and over, and records each commit. */
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
        try (RawConnection connection = new RawConnection(service)) {
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
        try (Connection locker = database.connect(); Statement lock = locker.createStatement()) {
            lock.execute("LOCK TABLES test.ratings WRITE");
            Future<String> first = threads.submit(() -> http.ratings());
            Await.until("the first read waits for the lock", () -> database.query("SELECT ID FROM"
                    + " information_schema.PROCESSLIST WHERE USER = 'bookinfo' AND STATE LIKE 'Waiting for table%'")
                    .lines().count() == 1);
            List<RawConnection> crowd = new ArrayList<>();
            for (int i = 0; i < CROWD; i++) {
                crowd.add(new RawConnection(service).send("GET /ratings/0 HTTP/1.1\r\nHost: ratings\r\n\r\n"));
            }
            // An event loop that answers these has also read what was sent to it before.
            for (int i = 0; i < 50; i++) {
                assertEquals(200, http.get("/health").status());
            }
            int before = proxy.statements();
            lock.execute("UNLOCK TABLES");
            assertEquals(GOOD, first.get(20, TimeUnit.SECONDS));
            for (RawConnection one : crowd) {
                assertEquals(GOOD, one.summary());
                one.close();
            }
            assertEquals(1, proxy.statements() - before);
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
        database.execute("SET GLOBAL " + setting);
        try {
            proxy.closeOpen();
            for (int rating = 1; rating <= 5; rating++) {
                database.execute("SET autocommit = 1", "UPDATE test.ratings SET Rating = " + rating);
                assertEquals(Http.ratings(rating, rating), http.ratings());
            }
            database.execute("SET lock_wait_timeout = 5", "ALTER TABLE test.ratings COMMENT 'no transaction is open'");
        } finally {
            database.execute("SET GLOBAL " + restored);
            proxy.closeOpen();
        }
    }

    /** A dirty read would show what is never committed. */
    @Test
    void get_serverReadsUncommittedByDefault_showsCommittedRatings() throws SQLException {
        database.execute("SET GLOBAL TRANSACTION ISOLATION LEVEL READ UNCOMMITTED");
        try (Connection writer = database.connect(); Statement statement = writer.createStatement()) {
            proxy.closeOpen();
            writer.setAutoCommit(false);
            statement.execute("UPDATE test.ratings SET Rating = 1");
            assertEquals(GOOD, http.ratings());
            writer.rollback();
        } finally {
            database.execute("SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ");
            proxy.closeOpen();
        }
    }
}
