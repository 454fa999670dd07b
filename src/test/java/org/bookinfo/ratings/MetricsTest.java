package org.bookinfo.ratings;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import org.bookinfo.ratings.diagnosis.Cause;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.Metrics;
import org.bookinfo.ratings.testing.RawConnection;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What a scrape tells of requests, reads and the database, and what it does not: nothing that callers make up, and
 * nothing that is secret.
 */
@QuarkusTest
@WithTestResource(DatabaseResource.class)
class MetricsTest {

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

    @TestHTTPResource("/")
    URI service;

    private final FaultyProxy proxy = DatabaseResource.proxy();
    private Http http;

    @BeforeEach
    void connect() {
        http = new Http(service);
        awaitDatabase();
    }

    @AfterEach
    void restore() {
        proxy.set(Fault.NONE);
        DatabaseResource.database().undo();
        awaitDatabase();
    }

    private void awaitDatabase() {
        Await.until("the service answers", () -> http.get("/ratings/0").status() == 200);
    }

    private Metrics metrics() {
        return Metrics.of(http);
    }

    @Test
    void requests_anyIdPathMethodQueryAndHost_addNoSeries() throws IOException {
        List<IntFunction<String>> kinds = List.of(
                i -> "GET /ratings/" + i + " HTTP/1.1\r\nHost: ratings\r\n",
                i -> "GET /ratings/x%20" + i + "/y HTTP/1.1\r\nHost: ratings\r\n",
                i -> "GET /ratings/%zz" + i + " HTTP/1.1\r\nHost: ratings\r\n",
                i -> "GET /ratings/0?q=" + i + " HTTP/1.1\r\nHost: ratings\r\n",
                i -> "GET /ratings/0 HTTP/1.1\r\nHost: host" + i + ".example\r\nUser-Agent: agent" + i + "\r\n",
                i -> "GET /unknown/" + i + " HTTP/1.1\r\nHost: ratings\r\n",
                i -> "GET /unknown/%zz" + i + " HTTP/1.1\r\nHost: ratings\r\n",
                i -> "FOO" + i + " /ratings/0 HTTP/1.1\r\nHost: ratings\r\n",
                i -> "FOO" + i + " /unknown" + i + " HTTP/1.1\r\nHost: ratings\r\n",
                i -> "OPTIONS /ratings/" + i + " HTTP/1.1\r\nHost: ratings\r\n",
                i -> "HEAD /health?" + i + " HTTP/1.1\r\nHost: ratings\r\n");
        send(kinds, kinds.size());
        Metrics before = metrics();

        send(kinds, MANY);

        Metrics after = metrics();
        assertEquals(before.series(REQUESTS), after.series(REQUESTS));
        assertEquals(MANY, after.sum(REQUESTS) - before.sum(REQUESTS));
        assertTrue(after.series(REQUESTS).size() < 40, after.series(REQUESTS).toString());
    }

    /** One after the other on one connection, the kinds in turn. */
    private void send(List<IntFunction<String>> kinds, int count) throws IOException {
        try (RawConnection connection = new RawConnection(service)) {
            for (int i = 0; i < count; i++) {
                String head = kinds.get(i % kinds.size()).apply(i);
                connection.send(head + "\r\n");
                if (head.startsWith("HEAD")) {
                    connection.readHead();
                } else {
                    connection.read();
                }
            }
        }
    }

    @Test
    void requests_eachKindOfAnswer_areCountedByRouteMethodAndStatus() {
        Metrics before = metrics();

        http.get("/ratings/1");
        http.get("/ratings/abc");
        http.send("HEAD", "/ratings/1", null);
        http.send("POST", "/ratings/1", "{}".getBytes(StandardCharsets.UTF_8));
        http.send("POST", "/ratings/1", new byte[70_000]);
        http.send("BREW", "/ratings/1", null);
        http.get("/health");
        http.get("/index.html");

        Metrics after = metrics();
        assertEquals(1, counted(before, after, "GET", "SUCCESS", 200, "/ratings/{productId}"));
        assertEquals(1, counted(before, after, "GET", "CLIENT_ERROR", 400, "/ratings/{productId}"));
        assertEquals(1, counted(before, after, "HEAD", "SUCCESS", 200, "/ratings/{productId}"));
        assertEquals(1, counted(before, after, "POST", "SERVER_ERROR", 501, "/ratings/{productId}"));
        assertEquals(1, counted(before, after, "POST", "CLIENT_ERROR", 413, "/ratings/{productId}"));
        assertEquals(1, counted(before, after, "UNKNOWN", "CLIENT_ERROR", 405, "/ratings/{productId}"));
        assertEquals(1, counted(before, after, "GET", "SUCCESS", 200, "/health"));
        assertEquals(1, counted(before, after, "GET", "CLIENT_ERROR", 404, "UNKNOWN"));
        assertEquals(8, after.sum(REQUESTS) - before.sum(REQUESTS));
    }

    private static double counted(Metrics before, Metrics after, String method, String outcome, int status,
            String uri) {
        String series = REQUESTS + "{method=\"" + method + "\",outcome=\"" + outcome + "\",status=\"" + status
                + "\",uri=\"" + uri + "\",}";
        assertTrue(after.values().containsKey(series), after.series(REQUESTS).toString());
        return after.value(series) - before.value(series);
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/x-unknown", "text/plainer", "text/plain;q=0", "*/*", ""})
    void scrape_anyAccept_getsTheMetrics(String accept) {
        Http.Answer answer = http.get("/q/metrics", "Accept: " + accept);
        assertEquals(200, answer.status());
        assertTrue(answer.body().contains(REQUESTS), answer.body());
    }

    @Test
    void requests_probesAndScrapes_areNotCounted() {
        double before = metrics().sum(REQUESTS);

        http.get("/q/health/live");
        http.get("/q/health/well");

        assertEquals(before, metrics().sum(REQUESTS));
    }

    @Test
    void outage_beginsAndEnds_isToldByCause() {
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
        awaitDatabase();
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
    void reads_oneRequestAfterTheOther_areAsManyAsRequests() {
        Metrics before = metrics();

        for (int i = 0; i < 100; i++) {
            assertEquals(200, http.get("/ratings/0").status());
        }

        Metrics after = metrics();
        assertEquals(100, after.value(WAITED) - before.value(WAITED));
        assertEquals(100, after.value(READ) - before.value(READ));
    }

    @Test
    void reads_manyRequestsAtOnce_areNoMoreThanRequests() throws Exception {
        int clients = 32;
        List<IntFunction<String>> kind = List.of(i -> "GET /ratings/0 HTTP/1.1\r\nHost: ratings\r\n");
        List<Callable<Void>> crowd = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            crowd.add(() -> {
                send(kind, 100);
                return null;
            });
        }
        Metrics before = metrics();

        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try {
            for (Future<Void> client : threads.invokeAll(crowd)) {
                client.get();
            }
        } finally {
            threads.shutdownNow();
        }

        Metrics after = metrics();
        assertEquals(clients * 100, after.value(WAITED) - before.value(WAITED));
        double reads = after.value(READ) - before.value(READ);
        assertTrue(reads >= 100 && reads <= clients * 100, reads + " reads");
        assertEquals(after.sum(READS), after.sum("ratings_database_read_seconds_count"));
    }

    @Test
    void series_ofTheDatabase_areAClosedSet() {
        assertDatabaseSeries(metrics());
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
    void readme_metrics_areThoseThatAreThere() throws IOException {
        String section = Files.readString(Path.of("docs", "operations.md")).replaceFirst("(?s).*\n## Metrics\n", "")
                .replaceFirst("(?s)\n## .*", "");
        Set<String> named = new TreeSet<>();
        for (Matcher name = Pattern.compile("\\b(ratings|http)_\\w+").matcher(section); name.find();) {
            named.add(name.group());
        }
        Set<String> ours = metrics().names().stream().filter(name -> name.matches("(ratings|http)_.*"))
                .collect(Collectors.toCollection(TreeSet::new));

        Set<String> families = Stream.concat(ours.stream(), ours.stream().map(
                name -> name.replaceFirst("(?<=_seconds)_(count|sum|bucket|max)$", ""))).collect(Collectors.toSet());
        assertTrue(families.containsAll(named), named + " are not all of " + families);
        assertTrue(named.containsAll(ours.stream().map(
                name -> name.replaceFirst("(?<=_seconds)_(count|sum|bucket|max)$", "")).toList()),
                ours + " are not all of " + named);
    }
}
