package org.bookinfo.ratings.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.TestEffort;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Thousands of requests that nobody thought of, well-formed and not: each gets one of the contract's answers, in time.
 *
 * <p>To repeat a run: {@code -Dratings.fuzz.seed=} the seed that it printed.
 */
@QuarkusIntegrationTest
@WithTestResource(DatabaseResource.class)
class FuzzIT {

    private static final int REQUESTS = TestEffort.size(2_000, 10_000);
    private static final int LONGEST_WAIT_MILLIS = 8_000;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<Integer> STATUSES = Set.of(200, 400, 404, 405, 413, 414, 417, 431, 501);

    /** Nothing of how the service is made. */
    private static final Pattern INSIDES = Pattern
            .compile("Exception|\\bat (org|io|java|com|jakarta)\\.|java\\.|vertx|netty|quarkus|mysql:|SELECT");
    private static final Pattern SHAPES = Pattern.compile("\\{\"error\":\"[a-zA-Z -]+\"\\}"
            + "|\\{\"status\":\"Ratings is healthy\"\\}"
            + "|\\{\"id\":-?[0-9]{1,10},\"ratings\":\\{\"Reviewer1\":5,\"Reviewer2\":4\\}\\}");

    private static final List<String> METHODS = List.of("GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "DELETE",
            "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "BREW", "PROPFIND");
    private static final List<String> PATHS = List.of("/ratings/", "/ratings/", "/ratings/", "/health", "/ratings", "/",
            "//ratings/", "http://x/ratings/", "/ratings/../", "/q", "*", "/ratings/%", "/health/", "/ratings/0?");
    private static final List<String> PIECES = List.of("0", "1", "-1", "2147483648", "%30", "%", "%zz", "%00", "..",
            "/",
            "?", "#", ";", "&a=b", "=", "+", "e5", ".5", "\u00e9", "\u00ff", "{", "}", "|", "\\", "\"", "<", "^", "`",
            "~",
            "'", "x", "%2e%2e%2f", "%c0%af", "%ff", "[", "]", "@", ":", ",", "\u00a0");
    private static final List<String> HEADERS = List.of("Accept", "Content-Type", "Cookie", "Authorization", "Expect",
            "Upgrade", "Range", "If-None-Match", "Origin", "X-Forwarded-For", "Forwarded", "X-HTTP-Method-Override",
            "Accept-Encoding", "Accept-Charset", "Accept-Language", "Content-Encoding", "traceparent", "x-b3-sampled",
            "Trailer", "TE", "Via", "Date", "From", "Max-Forwards", "Sec-WebSocket-Key",
            "Access-Control-Request-Method");
    private static final List<String> VALUES = List.of("", "*/*", "application/json", "text/html;q=0", ";;;",
            "bytes=0-",
            "gzip", "multipart/form-data", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
            "charset=\"", "TRACE", "websocket", "\u00ff\u00fe", "a, b, c", "-1", "Basic AAAA", "x/y;z=\"", "\t", "${x}",
            "application/json; charset=nope");
    private static final List<String> BODIES = List.of("", "{}", "{", "[1,2]", "null", "\u0000", "\u00ff\u00fe",
            "1e999999",
            "\"\\ud800\"", "a=b&c=d", "--x\r\n\r\n--x--", "[".repeat(2_000), "{\"a\":".repeat(500), " ",
            "9".repeat(5_000));

    @TestHTTPResource("/")
    URI service;

    private final long seed = Long.getLong("ratings.fuzz.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private Http http;

    @BeforeEach
    void connect() {
        http = new Http(service);
        Await.until("the service answers", () -> http.get("/ratings/0").status() == 200);
    }

    @Test
    void anyRequest_getsAnAnswerOfTheContract() throws IOException {
        System.out.println("Fuzz seed: " + seed);
        long logged = Files.size(log());
        Socket socket = null;
        for (int i = 0; i < REQUESTS; i++) {
            boolean malformed = i % 5 == 0;
            byte[] request = malformed ? malformed() : wellFormed();
            String text = "seed " + seed + ", request " + i + ": "
                    + new String(request, StandardCharsets.ISO_8859_1).substring(0, Math.min(600, request.length));
            try {
                if (malformed) {
                    exchangeMalformed(request, text);
                } else {
                    socket = exchange(socket, request, text);
                }
            } catch (IOException e) {
                throw new AssertionError(text, e);
            }
        }
        assertEquals(200, http.get("/ratings/0").status());
        String log = Files.readString(log()).substring((int) logged);
        assertFalse(log.contains(" WARN ") || log.contains(" ERROR ") || log.contains("\tat "), log);
    }

    /** Where the test framework puts what the packaged application logs. */
    private static Path log() {
        return Path.of(System.getProperty("quarkus.log.file.path"));
    }

    /** On a connection that is kept open as long as the other side keeps it. */
    private Socket exchange(Socket kept, byte[] request, String text) throws IOException {
        Socket socket = kept == null ? http.open() : kept;
        socket.setSoTimeout(LONGEST_WAIT_MILLIS);
        socket.getOutputStream().write(request);
        Http.Answer answer = read(socket.getInputStream(), text.contains(": HEAD "));
        if (answer == null && kept != null) { // closed by the answer before
            kept.close();
            return exchange(null, request, text);
        }
        assertTrue(answer != null, text);
        assertContract(answer, text);
        if ("close".equals(answer.headers().get("connection"))) {
            socket.close();
            return null;
        }
        return socket;
    }

    /** Whatever it means: some answers, or none, and the end. */
    private void exchangeMalformed(byte[] request, String text) throws IOException {
        try (Socket socket = http.open()) {
            socket.setSoTimeout(LONGEST_WAIT_MILLIS);
            socket.getOutputStream().write(request);
            socket.shutdownOutput();
            String answers = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertFalse(INSIDES.matcher(answers).find(), text + "\n" + answers);
            assertFalse(answers.matches("(?s)HTTP/1.. 50[^1].*"), text + "\n" + answers);
        } catch (SocketTimeoutException e) {
            throw new AssertionError(text, e);
        } catch (IOException e) {
            // reset: it was refused before all of it had come
        }
    }

    private static void assertContract(Http.Answer answer, String text) throws IOException {
        String shown = text + "\n" + answer;
        assertTrue(STATUSES.contains(answer.status()), shown);
        assertFalse(INSIDES.matcher(answer.body()).find(), shown);
        assertEquals("application/json", answer.contentType(), shown);
        if (!answer.body().isEmpty()) {
            JSON.readTree(answer.body());
            assertTrue(SHAPES.matcher(answer.body()).matches(), shown);
        }
    }

    /** Null if the connection ends without an answer. */
    private static Http.Answer read(InputStream in, boolean head) throws IOException {
        try {
            Http.Answer answer = Http.read(in, head);
            return answer.status() == 100 ? Http.read(in, head) : answer;
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            return null;
        }
    }

    private byte[] wellFormed() throws IOException {
        StringBuilder head = new StringBuilder(any(METHODS)).append(' ').append(target())
                .append(" HTTP/1.1\r\nHost: x");
        for (int i = random.nextInt(4); i > 0; i--) {
            head.append("\r\n").append(any(HEADERS)).append(": ").append(any(VALUES));
        }
        byte[] body = any(BODIES).getBytes(StandardCharsets.ISO_8859_1);
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        switch (random.nextInt(3)) {
            case 0 -> head.append("\r\n\r\n");
            case 1 -> head.append("\r\nContent-Length: ").append(body.length).append("\r\n\r\n")
                    .append(new String(body, StandardCharsets.ISO_8859_1));
            default -> {
                head.append("\r\nTransfer-Encoding: chunked\r\n\r\n");
                if (body.length > 0) {
                    head.append(Integer.toHexString(body.length)).append("\r\n")
                            .append(new String(body, StandardCharsets.ISO_8859_1)).append("\r\n");
                }
                head.append("0\r\n\r\n");
            }
        }
        request.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
        return request.toByteArray();
    }

    private String target() {
        StringBuilder target = new StringBuilder(any(PATHS));
        if (random.nextBoolean()) {
            target.append(random.nextInt());
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            target.append(any(PIECES));
        }
        return target.toString();
    }

    /** A request with some bytes changed, left out or put in, or cut off; or no request at all. */
    private byte[] malformed() throws IOException {
        if (random.nextInt(5) == 0) {
            byte[] noise = new byte[1 + random.nextInt(3_000)];
            random.nextBytes(noise);
            return noise;
        }
        byte[] request = wellFormed();
        ByteArrayOutputStream changed = new ByteArrayOutputStream();
        int rate = 1 + random.nextInt(60);
        for (byte b : request) {
            int choice = random.nextInt(rate * 3);
            if (choice == 0) {
                changed.write(random.nextInt(256));
            } else if (choice == 1) {
                changed.write(any(List.of("\r\n", "\0", " ", ":", "\n", "\t", ";")).getBytes(StandardCharsets.UTF_8));
            } else if (choice != 2) {
                changed.write(b);
            }
        }
        return changed.toByteArray();
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
