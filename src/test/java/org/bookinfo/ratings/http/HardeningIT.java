package org.bookinfo.ratings.http;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.Http;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What clients meet that send too much, too slowly, or what is no HTTP: a refusal at once, and the end of the connection.
 * Against the packaged application only, as {@link ConnectionGuard} is not in tests within this process.
 */
@QuarkusIntegrationTest
@WithTestResource(DatabaseResource.class)
class HardeningIT {

    private static final String HEALTHY = "200 {\"status\":\"Ratings is healthy\"}";
    private static final String NO_POST = "501 {\"error\":\"Post not implemented for database backed ratings\"}";
    private static final String TOO_LARGE = "413 {\"error\":\"request entity too large\"}";
    private static final String BAD = "400 {\"error\":\"bad request\"}";

    private static final String GET = "GET /health HTTP/1.1\r\nHost: x\r\n";
    private static final String POST = "POST /ratings/0 HTTP/1.1\r\nHost: x\r\n";

    private static final int CROWD = 2_000;

    /** Ten seconds are promised. The rest is room for a slow shared machine. */
    private static final Duration LONGEST_REQUEST = Duration.ofSeconds(18);

    @TestHTTPResource("/")
    URI service;

    private Http http;

    @BeforeEach
    void connect() {
        http = new Http(service);
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
    }

    private static String read(Socket socket) throws IOException {
        return Http.read(socket.getInputStream()).summary();
    }

    /** Whether the other side has closed the connection, or does so now. */
    private static boolean ends(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (IOException e) {
            return e.getMessage().contains("reset");
        }
    }

    private void assertRefused(String expected, String request) throws IOException {
        try (Socket socket = http.open()) {
            write(socket, request);
            Http.Answer answer = Http.read(socket.getInputStream());
            assertEquals(expected, answer.summary());
            assertEquals("application/json", answer.contentType());
            assertTrue(ends(socket));
        }
        assertEquals(HEALTHY, http.get("/health").summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {POST, GET, "PUT /health HTTP/1.1\r\nHost: x\r\n", "POST /no HTTP/1.1\r\nHost: x\r\n"})
    void anyBodyOver64Kilobytes_isRefusedAtOnce(String head) throws IOException {
        assertRefused(TOO_LARGE, head + "Content-Length: 65537\r\n\r\n");
        assertRefused(TOO_LARGE, head + "Content-Length: 65537\r\nExpect: 100-continue\r\n\r\n");
        assertRefused(TOO_LARGE, head + "Content-Length: 9223372036854775807\r\n\r\n1");
        assertRefused(TOO_LARGE,
                head + "Transfer-Encoding: chunked\r\n\r\n" + ("4000\r\n" + "1".repeat(0x4000) + "\r\n").repeat(5));
    }

    @Test
    void post_64Kilobytes_isRead() {
        byte[] body = ("\"" + "x".repeat(65_534) + "\"").getBytes(StandardCharsets.UTF_8);
        assertEquals(NO_POST, http.send("POST", "/ratings/0", body).summary());
    }

    @Test
    void get_pathOver4Kilobytes_isRefused() throws IOException {
        assertRefused("414 {\"error\":\"request-uri too long\"}",
                "GET /ratings/" + "1".repeat(5_000) + " HTTP/1.1\r\n\r\n");
    }

    @Test
    void get_headersOver16Kilobytes_areRefused() throws IOException {
        assertRefused("431 {\"error\":\"request header fields too large\"}",
                GET + "Cookie: " + "x".repeat(64_000) + "\r\n\r\n");
        assertRefused("431 {\"error\":\"request header fields too large\"}", GET + "a: b\r\n".repeat(5_000) + "\r\n");
    }

    @Test
    void post_expectContinue_isAskedForItsBodyOnce() throws IOException {
        try (Socket socket = http.open()) {
            write(socket, POST + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
            byte[] expected = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.UTF_8);
            assertEquals(new String(expected, StandardCharsets.UTF_8),
                    new String(socket.getInputStream().readNBytes(expected.length), StandardCharsets.UTF_8));
            write(socket, "{}");
            assertEquals(NO_POST, read(socket));
        }
    }

    @Test
    void post_expectContinueByHttp10_isNotAskedForItsBody() throws IOException {
        try (Socket socket = http.open()) {
            write(socket, "POST /ratings/0 HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}");
            assertEquals(NO_POST, read(socket));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {GET + "Expect: luck\r\n\r\n", POST + "Expect: luck\r\nContent-Length: 2\r\n\r\n{}",
            POST + "Expect: luck\r\nContent-Length: 2\r\n\r\n", POST + "Expect: luck, 100-continue\r\n\r\n",
            POST + "Expect: 100-continue\r\nExpect: luck\r\nContent-Length: 2\r\n\r\n{}"})
    void unknownExpectation_isRefused(String request) throws IOException {
        assertRefused("417 {\"error\":\"expectation failed\"}", request);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Connection: close", "Connection: TE, close", "Connection: Close,TE",
            "Connection: TE\r\nConnection: close", "Connection: keep-alive\r\nConnection: close"})
    void connectionClose_anywhereInTheList_endsTheConnection(String header) throws IOException {
        assertRefused(HEALTHY, GET + header + "\r\n\r\n");
        assertRefused(HEALTHY, "GET /health HTTP/1.0\r\n" + header + "\r\n\r\n");
    }

    @Test
    void connectionOptions_withoutClose_keepTheConnection() throws IOException {
        try (Socket socket = http.open()) {
            write(socket, GET + "Connection: TE\r\n\r\n" + GET + "Connection: closed\r\n\r\n" + GET + "\r\n");
            assertEquals(List.of(HEALTHY, HEALTHY, HEALTHY), List.of(read(socket), read(socket), read(socket)));
        }
    }

    /** In the one form that RFC 9110 lets a server send. */
    @ParameterizedTest
    @ValueSource(strings = {GET + "\r\n", "GET /ratings/0 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /no HTTP/1.0\r\n\r\n",
            "HEAD /ratings/x HTTP/1.1\r\nHost: x\r\n\r\n", "GET /q/health/live HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /q/metrics HTTP/1.1\r\nHost: x\r\n\r\n", POST + "Content-Length: 99999\r\n\r\n", "nonsense\r\n\r\n"})
    void anyAnswer_hasTheDate(String request) throws IOException {
        try (Socket socket = http.open()) {
            Instant before = Instant.now().truncatedTo(ChronoUnit.SECONDS);
            write(socket, request);
            String date = Http.read(socket.getInputStream(), request.startsWith("HEAD")).headers().get("date");
            Instant sent = DateTimeFormatter.ofPattern("EEE, dd MMM uuuu HH:mm:ss 'GMT'", Locale.ENGLISH)
                    .withZone(ZoneOffset.UTC).parse(date, Instant::from);
            assertTrue(!sent.isBefore(before) && !sent.isAfter(Instant.now()), date);
        }
    }

    @Test
    void date_movesOn() {
        String first = http.get("/health").headers().get("date");
        Await.until("another second", Duration.ofSeconds(5),
                () -> !http.get("/health").headers().get("date").equals(first));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense\r\n\r\n", "GET /health\r\n\r\n", "GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
            "GET /health HTTP/2.0\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET /health HTTP/1.1\r\n\r\n", "GET /ratings/0 HTTP/1.1\r\nHost: a b\r\n\r\n", GET + "a: b\0c\r\n\r\n",
            GET + "no colon\r\n\r\n", GET + "a b: c\r\n\r\n", "GET /health HTTP/1.1\nHost: x\n\n",
            POST + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", POST + "Content-Length: 2, 3\r\n\r\n{}",
            POST + "Content-Length: -1\r\n\r\n", POST + "Content-Length: +2\r\n\r\n{}",
            POST + "Content-Length: 99999999999999999999\r\n\r\n", POST + "Content-Length : 2\r\n\r\n{}",
            POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", POST + "Transfer-Encoding: gzip\r\n\r\n",
            POST + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
            GET + "Transfer-Encoding: identity\r\n\r\n",
            POST + "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            POST + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "POST /ratings/0 HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            POST + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
            POST + "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
            POST + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
            POST + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n"})
    void malformedRequest_isRefusedAtOnceAndEndsTheConnection(String request) throws IOException {
        assertRefused(BAD, request);
    }

    /** Each begun within the answer to the one before, they would overflow the stack. */
    @Test
    void pipelinedRequests_manyBehindOneThatWaits_areAllAnswered() throws IOException {
        try (Socket socket = http.open()) {
            write(socket, "GET /ratings/0 HTTP/1.1\r\nHost: x\r\n\r\n" + (GET + "\r\n").repeat(1_000));
            assertEquals(GOOD, read(socket));
            for (int i = 0; i < 1_000; i++) {
                assertEquals(HEALTHY, read(socket));
            }
        }
    }

    @Test
    void pipelinedRequests_areAnsweredInOrder() throws IOException {
        try (Socket socket = http.open()) {
            write(socket, GET + "\r\n" + "GET /ratings/0 HTTP/1.1\r\nHost: x\r\n\r\n" + POST
                    + "Content-Length: 2\r\n\r\n{}" + GET + "Content-Length: 5\r\n\r\n12345" + GET
                    + "\r\nnonsense\r\n\r\n");
            assertEquals(List.of(HEALTHY, GOOD, NO_POST, HEALTHY, HEALTHY, BAD), List.of(read(socket), read(socket),
                    read(socket), read(socket), read(socket), read(socket)));
            assertTrue(ends(socket));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n"})
    void get_upgrade_isAnsweredWithoutOne(String headers) throws IOException {
        try (Socket socket = http.open()) {
            write(socket, GET + headers + "\r\n" + GET + "\r\n");
            assertEquals(HEALTHY, read(socket));
            assertEquals(HEALTHY, read(socket));
        }
    }

    @Test
    void get_absoluteTarget_isAnsweredForItsPath() {
        assertEquals(GOOD, http.get("http://ratings:9080/ratings/0").summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"CONNECT mysql.example.com:3306", "OPTIONS *", "GET *", "GET health", "GET http://x"})
    void anyOtherTarget_isNotFound(String target) {
        assertEquals("404 {\"error\":\"not found\"}",
                http.send(target.split(" ")[0], target.split(" ")[1], null).summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health", "/ratings/0", "/ratings/x", "/no", "/q/health/live", "/q/openapi"})
    void anyAnswer_namesNoSoftware(String path) {
        Http.Answer answer = http.get(path);
        assertFalse(answer.headers().containsKey("server") || answer.headers().containsKey("x-powered-by")
                || answer.headers().containsKey("via"), answer.headers().toString());
        assertFalse(answer.body().toLowerCase().matches("(?s).*(quarkus|vert\\.?x|netty|resteasy).*"), answer.body());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/q/info", "/q/dev", "/q/dev-ui/", "/q/arc", "/q/swagger-ui/", "/q/health-ui/", "/q",
            "/q/"})
    void pagesOfDevMode_areNotThere(String path) {
        assertEquals("404 {\"error\":\"not found\"}", http.get(path).summary());
    }

    @Test
    void slowRequests_areCutOff_idleConnectionsAreNot() throws Exception {
        ExecutorService drips = Executors.newCachedThreadPool();
        try (Socket idle = http.open(); Socket untouched = http.open()) {
            write(idle, GET + "\r\n");
            assertEquals(HEALTHY, read(idle));
            List<Future<Duration>> slow = new ArrayList<>();
            for (String begun : List.of("", "GET /hea", GET + "Cookie: ", POST + "Content-Length: 9000\r\n\r\n",
                    POST + "Transfer-Encoding: chunked\r\n\r\n2328\r\n", GET + "\r\n" + GET)) {
                slow.add(drips.submit(() -> drip(begun)));
            }
            for (Future<Duration> each : slow) {
                Duration time = each.get();
                assertTrue(time.compareTo(LONGEST_REQUEST) < 0, time.toString());
                assertTrue(time.compareTo(Duration.ofSeconds(5)) > 0, time.toString());
            }
            for (Socket socket : List.of(idle, untouched)) {
                write(socket, GET + "\r\n");
                assertEquals(HEALTHY, read(socket));
            }
        } finally {
            drips.shutdownNow();
        }
    }

    /** Sends a byte now and then, as long as the other side lets it. */
    private Duration drip(String begun) throws Exception {
        long start = System.nanoTime();
        try (Socket socket = http.open()) {
            write(socket, begun);
            InputStream in = socket.getInputStream();
            socket.setSoTimeout(500);
            for (int i = 0; i < 100; i++) {
                try {
                    write(socket, "1");
                    while (in.read() >= 0) {
                        // the answer to what came before
                    }
                    break;
                } catch (SocketTimeoutException e) {
                    // still open
                } catch (IOException e) {
                    break;
                }
            }
        }
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @Test
    void crowdOfClientsThatSendNothingOrHalf_harmsNobody() throws IOException {
        List<Socket> crowd = new ArrayList<>();
        List<String> begun = List.of("", "GET /ratings/0 HT", GET + "Cookie: x",
                POST + "Content-Length: 60000\r\n\r\n" + "1".repeat(30_000));
        try {
            for (int i = 0; i < CROWD; i++) {
                Socket socket = http.open();
                crowd.add(socket);
                write(socket, begun.get(i % begun.size()));
            }
            for (int i = 0; i < 100; i++) {
                assertEquals(GOOD, http.get("/ratings/0").summary());
                assertEquals(NO_POST, http.send("POST", "/ratings/0", new byte[]{'1'}).summary());
                assertEquals(200, http.get("/q/health/ready").status());
            }
        } finally {
            for (Socket socket : crowd) {
                socket.close();
            }
        }
    }
}
