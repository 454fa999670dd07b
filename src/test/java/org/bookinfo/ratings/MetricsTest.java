package org.bookinfo.ratings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import io.quarkus.test.junit.QuarkusTest;
import org.bookinfo.ratings.diagnosis.Cause;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.Metrics;
import org.bookinfo.ratings.testing.RawConnection;
import org.bookinfo.ratings.testing.ServiceTest;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * A scrape shows requests, reads and the database. It shows nothing that callers choose, and nothing secret.
 */
@QuarkusTest
class MetricsTest extends ServiceTest {

    private static final String REQUESTS = "http_server_requests_seconds_count";
    private static final String READS = "ratings_database_reads_total";
    private static final String READ = READS + "{cause=\"none\",outcome=\"success\",}";
    private static final String BLOCKED = READS + "{cause=\"closed-before-greeting\",outcome=\"failure\",}";
    private static final String WAITED = "ratings_database_read_requests_total";
    private static final String UP = "ratings_database_up";
    private static final String OUTAGE = "ratings_database_outage";
    private static final String DEADLINE = "ratings_database_deadline_seconds";
    private static final String CONNECTED = "ratings_database_connection_attempts_total{outcome=\"success\",}";
    private static final String NOT_CONNECTED = "ratings_database_connection_attempts_total{outcome=\"failure\",}";

    private static final int MANY = 10_000;

    private Metrics metrics() {
        return Metrics.of(http);
    }

    @Test
    void requests_anyIdPathMethodQueryAndHost_addNoSeries() throws IOException {
        String[] kinds = {"GET /ratings/#", "GET /ratings/x%20#/y", "GET /ratings/%zz#", "GET /ratings/0?q=#",
                "GET /ratings/0", "GET /unknown/#", "GET /unknown/%zz#", "FOO# /ratings/0", "FOO# /unknown#",
                "OPTIONS /ratings/#", "HEAD /health?#"};
        send(kinds.length, kinds);
        Metrics before = metrics();

        send(MANY, kinds);

        Metrics after = metrics();
        assertEquals(before.series(REQUESTS), after.series(REQUESTS));
        assertEquals(MANY, after.sum(REQUESTS) - before.sum(REQUESTS));
        assertTrue(after.series(REQUESTS).size() < 40, after.series(REQUESTS).toString());
    }

    /** One after the other on one connection, the kinds in turn, with the number for each #. */
    private void send(int count, String... kinds) throws IOException {
        try (RawConnection connection = new RawConnection(service)) {
            for (int i = 0; i < count; i++) {
                String kind = kinds[i % kinds.length];
                connection.send((kind + " HTTP/1.1\r\nHost: host#.example\r\nUser-Agent: agent#\r\n\r\n")
                        .replace("#", String.valueOf(i)));
                if (kind.startsWith("HEAD")) {
                    connection.readHead();
                } else {
                    connection.read();
                }
            }
        }
    }

    /** Probes and scrapes are not counted. */
    @Test
    void requests_eachKindOfAnswer_areCountedByRouteMethodAndStatus() {
        Metrics before = metrics();

        http.get("/ratings/1");
        http.get("/ratings/abc");
        http.send("HEAD", "/ratings/1", null);
        http.send("POST", "/ratings/1", "{}");
        http.send("POST", "/ratings/1", "1".repeat(70_000));
        http.send("BREW", "/ratings/1", null);
        http.get("/health");
        http.get("/index.html");
        http.get("/q/health/live");

        Metrics after = metrics();
        for (String counted : List.of("GET SUCCESS 200 /ratings/{productId}",
                "GET CLIENT_ERROR 400 /ratings/{productId}", "HEAD SUCCESS 200 /ratings/{productId}",
                "POST SERVER_ERROR 501 /ratings/{productId}", "POST CLIENT_ERROR 413 /ratings/{productId}",
                "UNKNOWN CLIENT_ERROR 405 /ratings/{productId}", "GET SUCCESS 200 /health",
                "GET CLIENT_ERROR 404 UNKNOWN")) {
            String series = REQUESTS + "{method=\"%s\",outcome=\"%s\",status=\"%s\",uri=\"%s\",}"
                    .formatted((Object[]) counted.split(" "));
            assertEquals(1, after.value(series) - before.value(series), series);
        }
        assertEquals(8, after.sum(REQUESTS) - before.sum(REQUESTS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/x-unknown", "text/plainer", "text/plain;q=0", "*/*", ""})
    void scrape_anyAccept_getsTheMetrics(String accept) {
        Http.Answer answer = http.get("/q/metrics", "Accept: " + accept);
        assertEquals(200, answer.status());
        assertTrue(answer.body().contains(REQUESTS), answer.body());
    }

    @Test
    void outage_beginsAndEnds_isShownByCause() {
        Metrics before = metrics();
        assertDatabase(before, 1, Set.of());

        proxy.set(Fault.CLOSED);
        assertEquals(503, http.get("/ratings/0").status());
        Metrics during = metrics();
        assertDatabase(during, 0, Set.of(OUTAGE + "{cause=\"closed-before-greeting\",}"));
        assertTrue(during.value(BLOCKED) > before.value(BLOCKED));
        assertTrue(during.value(NOT_CONNECTED) > before.value(NOT_CONNECTED));
        assertEquals(before.value(CONNECTED), during.value(CONNECTED));
        assertEquals(before.value(READ), during.value(READ));

        proxy.set(Fault.NONE);
        http.await(GOOD);
        Metrics after = metrics();
        assertDatabase(after, 1, Set.of());
        assertEquals(before.value(CONNECTED) + 1, after.value(CONNECTED));
        assertTrue(after.value(READ) > before.value(READ));
    }

    /** Up or not, and the causes of the outage. */
    private static void assertDatabase(Metrics metrics, int up, Set<String> causes) {
        assertEquals(up, metrics.value(UP));
        assertEquals(causes, metrics.series(OUTAGE).stream().filter(series -> metrics.value(series) == 1)
                .collect(Collectors.toSet()));
    }

    @Test
    void reads_requestsInTurnAndAtOnce_areAsManyAndNoMore() throws Exception {
        Metrics first = metrics();
        send(100, "GET /ratings/0");
        Metrics before = metrics();
        assertEquals(100, before.value(WAITED) - first.value(WAITED));
        assertEquals(100, before.value(READ) - first.value(READ));

        ExecutorService threads = Executors.newFixedThreadPool(32);
        Callable<Void> client = () -> {
            send(100, "GET /ratings/0");
            return null;
        };
        try {
            for (Future<Void> each : threads.invokeAll(Collections.nCopies(32, client))) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
        Metrics after = metrics();
        assertEquals(3_200, after.value(WAITED) - before.value(WAITED));
        double reads = after.value(READ) - before.value(READ);
        assertTrue(reads >= 100 && reads <= 3_200, reads + " reads");
        assertEquals(after.sum(READS), after.sum("ratings_database_read_seconds_count"));
    }

    static void assertDatabaseSeries(Metrics metrics) {
        Set<String> reads = new TreeSet<>(Set.of(READ));
        Set<String> outages = new TreeSet<>();
        for (Cause failure : Cause.values()) {
            reads.add(READS + "{cause=\"" + failure.label() + "\",outcome=\"failure\",}");
            outages.add(OUTAGE + "{cause=\"" + failure.label() + "\",}");
        }
        assertEquals(reads, metrics.series(READS));
        assertEquals(outages, metrics.series(OUTAGE));
        for (String series : List.of(UP, DEADLINE, CONNECTED, NOT_CONNECTED, WAITED,
                "ratings_database_read_seconds_count{outcome=\"success\",}",
                "ratings_database_read_seconds_bucket{outcome=\"failure\",le=\"1.0\",}")) {
            assertTrue(metrics.values().containsKey(series), series);
        }
    }

    @Test
    void output_hostUserAndPassword_areNotInIt() {
        proxy.set(Fault.CLOSED);
        http.get("/ratings/0", "Authorization: Bearer s3cret", "Cookie: session=s3cret");
        String text = metrics().text();

        for (String secret : List.of(TestDatabase.PASSWORD, TestDatabase.PASSWORD.substring(0, 6), "bookinfo",
                "127.0.0.1", "localhost", String.valueOf(proxy.port()), "s3cret")) {
            assertFalse(text.contains(secret), secret);
        }
    }

    /** The table names all that is the service's own, and the queries name nothing else. */
    @Test
    void series_ofTheService_areAClosedSetAndThoseOfTheDocs() throws IOException {
        assertDatabaseSeries(metrics());
        String section = Files.readString(Path.of("docs", "operations.md")).replaceFirst("(?s).*\n## Metrics\n", "")
                .replaceFirst("(?s)\n## .*", "");
        Set<String> named = Pattern.compile("\\b(ratings|http)_\\w+").matcher(section).results()
                .map(MatchResult::group).collect(Collectors.toSet());
        Set<String> ours = metrics().names();
        ours.removeIf(name -> !name.matches("(ratings|http)_.*"));
        Set<String> families = ours.stream()
                .map(name -> name.replaceFirst("(?<=_seconds)_(count|sum|bucket|max)$", ""))
                .collect(Collectors.toSet());

        assertTrue(named.containsAll(families), families + " are not all of " + named);
        named.removeAll(families);
        assertTrue(ours.containsAll(named), named + " are not all of " + ours);
    }
}
