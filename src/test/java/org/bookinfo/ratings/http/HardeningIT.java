package org.bookinfo.ratings.http;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.RawConnection;
import org.bookinfo.ratings.testing.ServiceTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.bookinfo.ratings.testing.Http.HEALTHY;
import static org.bookinfo.ratings.testing.Http.NOT_FOUND;
import static org.bookinfo.ratings.testing.Http.NO_POST;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Clients that send too much, too slowly, or something other than HTTP. Against the packaged application only: within
 * one process, tests are without {@link ConnectionInitializer}.
 */
@QuarkusIntegrationTest
@TestProfile(ServiceTest.LongDeadline.class)
class HardeningIT extends ServiceTest {

    private static final String TOO_LARGE = "413 {\"error\":\"request entity too large\"}";
    private static final String BAD = "400 {\"error\":\"bad request\"}";

    private static final String GET = "GET /health HTTP/1.1\r\nHost: x\r\n";
    private static final String GET_RATINGS = "GET /ratings/0 HTTP/1.1\r\nHost: x\r\n\r\n";
    private static final String POST = "POST /ratings/0 HTTP/1.1\r\nHost: x\r\n";
    private static final String CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n";

    private static final int CROWD = 2_000;

    /** Ten seconds are promised. The rest is room for a slow shared machine. */
    private static final Duration LONGEST_REQUEST = Duration.ofSeconds(18);

    private void assertRefused(String expected, String request) throws IOException {
        try (RawConnection connection = new RawConnection(service).send(request)) {
            Http.Answer answer = connection.read();
            assertEquals(expected, answer.summary());
            assertEquals("application/json", answer.contentType());
            assertTrue(connection.ends(LONGEST_REQUEST));
        }
        assertEquals(HEALTHY, http.get("/health").summary());
    }

    private void assertAnswers(String request, String... expected) throws IOException {
        try (RawConnection connection = new RawConnection(service).send(request)) {
            for (String each : expected) {
                assertEquals(each, connection.summary());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {POST, GET, "PUT /health HTTP/1.1\r\nHost: x\r\n", "POST /no HTTP/1.1\r\nHost: x\r\n"})
    void request_bodyOver64Kilobytes_isRefusedAtOnce(String head) throws IOException {
        assertRefused(TOO_LARGE, head + "Content-Length: 65537\r\n\r\n");
        assertRefused(TOO_LARGE, head + "Content-Length: 65537\r\nExpect: 100-continue\r\n\r\n");
        assertRefused(TOO_LARGE, head + "Content-Length: 9223372036854775807\r\n\r\n1");
        assertRefused(TOO_LARGE,
                head + "Transfer-Encoding: chunked\r\n\r\n" + ("4000\r\n" + "1".repeat(0x4000) + "\r\n").repeat(5));
    }

    /** A path that the router cannot read is refused before the body is. */
    @Test
    void request_answeredBeforeItsBodyArrives_isFollowedByTheNext() throws IOException {
        try (RawConnection connection = new RawConnection(service)) {
            connection.send("GET *1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
            assertEquals(NOT_FOUND, connection.summary());
            assertEquals(HEALTHY, connection.send("[1,2]" + GET + "\r\n").summary());
        }
    }

    @Test
    void post_64Kilobytes_isRead() {
        assertEquals(NO_POST, http.send("POST", "/ratings/0", "\"" + "x".repeat(65_534) + "\"").summary());
    }

    /** And every refusal is in HTTP/1.1, whatever the request's version. */
    @ParameterizedTest
    @ValueSource(strings = {"HEAD /ratings/ HTTP/1.1", "HEAD /ratings/# HTTP/1.1", "HEAD /ratings/ HTTP/9.9",
            "HEAD /ratings/# HTTP/9.9"})
    void head_refused_hasNoBody(String line) throws IOException {
        try (RawConnection connection = new RawConnection(service)
                .send(line.replace("#", "1".repeat(5_000)) + "\r\nHost: x\r\n\r\n").endOutput()) {
            String response = connection.rest();
            assertTrue(response.startsWith("HTTP/1.1 4") && response.endsWith("\r\n\r\n"), response);
        }
    }

    @Test
    void get_pathOver4KilobytesHeadersOver16OrHundredFields_areRefused() throws IOException {
        assertRefused("414 {\"error\":\"request-uri too long\"}",
                "GET /ratings/" + "1".repeat(5_000) + " HTTP/1.1\r\n\r\n");
        String tooLarge = "431 {\"error\":\"request header fields too large\"}";
        assertRefused(tooLarge, GET + "Cookie: " + "x".repeat(64_000) + "\r\n\r\n");
        assertAnswers(GET + "a: b\r\n".repeat(99) + "\r\n" + GET + "\r\n", HEALTHY, HEALTHY);
        assertRefused(tooLarge, GET + "a: b\r\n".repeat(100) + "\r\n");
    }

    /** Of a client that speaks HTTP/1.1. */
    @Test
    void post_expectContinue_isAskedForItsBodyOnce() throws IOException {
        try (RawConnection connection = new RawConnection(service)) {
            connection.send(POST + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
            assertEquals(100, connection.readHead().status());
            assertEquals(NO_POST, connection.send("{}").summary());
        }
        assertAnswers("POST /ratings/0 HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}", NO_POST);
    }

    @ParameterizedTest
    @ValueSource(strings = {GET + "Expect: luck\r\n\r\n", POST + "Expect: luck\r\nContent-Length: 2\r\n\r\n{}",
            POST + "Expect: luck\r\nContent-Length: 2\r\n\r\n", POST + "Expect: luck, 100-continue\r\n\r\n",
            POST + "Expect: 100-continue\r\nExpect: luck\r\nContent-Length: 2\r\n\r\n{}"})
    void request_unknownExpectation_isRefused(String request) throws IOException {
        assertRefused("417 {\"error\":\"expectation failed\"}", request);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Connection: close", "Connection: TE, close", "Connection: Close,TE",
            "Connection: TE\r\nConnection: close", "Connection: keep-alive\r\nConnection: close"})
    void connectionOption_closeAnywhereInTheList_endsTheConnection(String header) throws IOException {
        assertRefused(HEALTHY, GET + header + "\r\n\r\n");
        assertRefused(HEALTHY, "GET /health HTTP/1.0\r\n" + header + "\r\n\r\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Connection: TE\r\n", "Connection: closed\r\n",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n"})
    void connectionOption_notClose_keepsTheConnectionAndItsProtocol(String headers) throws IOException {
        assertAnswers(GET + headers + "\r\n" + GET + "\r\n", HEALTHY, HEALTHY);
    }

    /** In the one form that RFC 9110 lets a server send. */
    @ParameterizedTest
    @ValueSource(strings = {GET + "\r\n", GET_RATINGS, "GET /no HTTP/1.0\r\n\r\n",
            "HEAD /ratings/x HTTP/1.1\r\nHost: x\r\n\r\n", "GET /q/health/live HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /q/metrics HTTP/1.1\r\nHost: x\r\n\r\n", POST + "Content-Length: 99999\r\n\r\n", "nonsense\r\n\r\n"})
    void response_toAnyRequest_hasTheDate(String request) throws IOException {
        try (RawConnection connection = new RawConnection(service)) {
            Instant before = Instant.now().truncatedTo(ChronoUnit.SECONDS);
            String date = connection.send(request).readHead().headers().get("date");
            Instant sent = DateTimeFormatter.RFC_1123_DATE_TIME.parse(date, Instant::from);
            assertTrue(!sent.isBefore(before) && !sent.isAfter(Instant.now()) && date.length() == 29, date);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense\r\n\r\n", "GET /health\r\n\r\n", "GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
            "GET /health HTTP/2.0\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET /health HTTP/1.1\r\n\r\n", "GET /ratings/0 HTTP/1.1\r\nHost: a b\r\n\r\n", GET + "a: b\0c\r\n\r\n",
            GET + "no colon\r\n\r\n", GET + "a b: c\r\n\r\n", GET + ": c\r\n\r\n", "\0" + GET + "\r\n",
            "GET /health HTTP/1.1\nHost: x\n\n", POST + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            POST + "Content-Length: 2, 3\r\n\r\n{}", POST + "Content-Length: -1\r\n\r\n",
            POST + "Content-Length: +2\r\n\r\n{}", POST + "Content-Length: 99999999999999999999\r\n\r\n",
            POST + "Content-Length : 2\r\n\r\n{}", POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            POST + "Transfer-Encoding: gzip\r\n\r\n", POST + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
            GET + "Transfer-Encoding: identity\r\n\r\n",
            POST + "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            POST + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "POST /ratings/0 HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            CHUNKED + "zz\r\n{}\r\n0\r\n\r\n", CHUNKED + "-2\r\n{}\r\n0\r\n\r\n", CHUNKED + "ffffffffffffffff\r\n{}",
            CHUNKED + "2\r\n{}xx0\r\n\r\n", CHUNKED + "100000001\r\n1\r\n0\r\n\r\n", CHUNKED + "100000000\r\n\r\n",
            CHUNKED + " 1\r\n1\r\n0\r\n\r\n", CHUNKED + "1 2\r\n1\r\n0\r\n\r\n",
            CHUNKED + "5;a\rX\r\n12345\r\n0\r\n\r\n"})
    void request_malformed_isRefusedAtOnceAndEndsTheConnection(String request) throws IOException {
        assertRefused(BAD, request);
    }

    /** Each begun within the response to the one before, they would overflow the stack. */
    @Test
    void requests_manyPipelinedBehindOneThatWaits_areAllAnswered() throws IOException {
        String[] expected = new String[1_001];
        Arrays.fill(expected, HEALTHY);
        expected[0] = GOOD;
        assertAnswers(GET_RATINGS + (GET + "\r\n").repeat(1_000), expected);
    }

    @Test
    void requests_pipelined_areAnsweredInOrder() throws IOException {
        assertAnswers(GET + "\r\n" + GET_RATINGS + POST + "Content-Length: 2\r\n\r\n{}" + GET
                + "Content-Length: 5\r\n\r\n12345" + GET + "\r\nnonsense\r\n\r\n", HEALTHY, GOOD, NO_POST,
                HEALTHY, HEALTHY, BAD);
    }

    /** As in {@code printf ... | nc -N}. */
    @Test
    void client_endsItsSideAfterTheRequests_getsAllResponsesAndTheEnd() throws IOException {
        try (RawConnection connection = new RawConnection(service)) {
            connection.send(GET_RATINGS + GET + "\r\n" + GET_RATINGS + POST + "Content-Length: 2\r\n\r\n{}")
                    .endOutput();
            for (String expected : List.of(GOOD, HEALTHY, GOOD, NO_POST)) {
                assertEquals(expected, connection.summary());
            }
            assertTrue(connection.ends(Duration.ofSeconds(5)));
        }
        for (String half : List.of("", "GET /hea", POST + "Content-Length: 2\r\n\r\n{")) {
            try (RawConnection connection = new RawConnection(service).send(half).endOutput()) {
                assertTrue(connection.ends(Duration.ofSeconds(5)), half);
            }
        }
    }

    @Test
    void get_absoluteTarget_isAnsweredForItsPath() {
        assertEquals(GOOD, http.get("http://ratings:9080/ratings/0").summary());
    }

    /** Including dev mode's pages. */
    @ParameterizedTest
    @ValueSource(strings = {"CONNECT mysql.example.com:3306", "OPTIONS *", "GET *", "GET health", "GET http://x",
            "GET /q/info", "GET /q/dev", "GET /q/dev-ui/", "GET /q/arc", "GET /q/swagger-ui/", "GET /q/health-ui/",
            "GET /q", "GET /q/"})
    void request_anyOtherTarget_isNotFound(String target) {
        assertEquals(NOT_FOUND, http.send(target.split(" ")[0], target.split(" ")[1], null).summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health", "/ratings/0", "/ratings/x", "/no", "/q/health/live", "/q/openapi"})
    void response_toAnyRequest_namesNoSoftware(String path) {
        Http.Answer answer = http.get(path);
        assertTrue(Collections.disjoint(answer.headers().keySet(), List.of("server", "x-powered-by", "via")),
                answer.toString());
        assertFalse(answer.body().toLowerCase().matches("(?s).*(quarkus|vert\\.?x|netty|resteasy).*"), answer.body());
    }

    @Test
    void requests_slow_areCutOffAndOthersAreNot() throws Exception {
        ExecutorService clients = Executors.newCachedThreadPool();
        try (RawConnection idle = new RawConnection(service).send(GET + "\r\n");
                RawConnection untouched = new RawConnection(service)) {
            assertEquals(HEALTHY, idle.summary());
            List<Future<Duration>> slow = new ArrayList<>();
            for (String begun : List.of("", "GET /hea", GET + "Cookie: ", POST + "Content-Length: 9000\r\n\r\n",
                    CHUNKED + "2328\r\n", GET + "\r\n" + GET)) {
                slow.add(clients.submit(() -> sendUntilClosed(begun, "1")));
            }
            slow.add(clients.submit(() -> sendUntilClosed(GET + "\r\nGET /hea", "")));
            Future<?> overlapping = clients.submit(() -> sendOverlappingPosts());
            for (Future<Duration> each : slow) {
                Duration time = each.get();
                assertTrue(time.compareTo(LONGEST_REQUEST) < 0, time.toString());
                assertTrue(time.compareTo(Duration.ofSeconds(5)) > 0, time.toString());
            }
            overlapping.get();
            assertEquals(HEALTHY, idle.send(GET + "\r\n").summary());
            assertEquals(HEALTHY, untouched.send(GET + "\r\n").summary());
        } finally {
            clients.shutdownNow();
        }
    }

    /** Sends these bytes now and then, as long as the service lets it. */
    private Duration sendUntilClosed(String begun, String more) throws IOException {
        long start = System.nanoTime();
        try (RawConnection connection = new RawConnection(service).send(begun)) {
            if (begun.contains("\r\n\r\nGET")) {
                assertEquals(HEALTHY, connection.summary());
            }
            while (!connection.send(more).ends(Duration.ofMillis(500))) {
                // the service still waits for the rest
            }
        } catch (IOException e) {
            // closed
        }
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** For longer than a request may take, while none of them takes long. */
    private Void sendOverlappingPosts() throws Exception {
        String begin = POST + "Content-Length: 2\r\n\r\n{";
        try (RawConnection connection = new RawConnection(service).send(begin)) {
            for (int i = 0; i < 28; i++) {
                assertFalse(connection.ends(Duration.ofMillis(500)));
                assertEquals(NO_POST, connection.send("}" + begin).summary());
            }
        }
        return null;
    }

    @Test
    void connections_crowdThatSendsNothingOrHalf_harmsNobody() throws IOException {
        List<RawConnection> crowd = new ArrayList<>();
        List<String> begun = List.of("", "GET /ratings/0 HT", GET + "Cookie: x",
                POST + "Content-Length: 60000\r\n\r\n" + "1".repeat(30_000));
        for (int i = 0; i < CROWD; i++) {
            crowd.add(new RawConnection(service).send(begun.get(i % begun.size())));
        }
        for (int i = 0; i < 100; i++) {
            assertEquals(GOOD, http.ratings());
            assertEquals(NO_POST, http.send("POST", "/ratings/0", "1").summary());
            assertEquals(200, http.get("/q/health/ready").status());
        }
        for (RawConnection connection : crowd) {
            connection.close();
        }
    }
}
