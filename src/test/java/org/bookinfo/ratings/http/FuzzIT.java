package org.bookinfo.ratings.http;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;

import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.RawConnection;
import org.bookinfo.ratings.testing.ServiceTest;
import org.bookinfo.ratings.testing.TestEffort;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Thousands of random requests, well-formed and not: each gets one of the contract's responses, in time.
 *
 * <p>To repeat a run: {@code -Dratings.fuzz.seed=} the seed that it printed.
 */
@QuarkusIntegrationTest
class FuzzIT extends ServiceTest {

    private static final int REQUESTS = TestEffort.size(2_000, 10_000);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(8);

    private static final Set<Integer> STATUSES = Set.of(200, 400, 404, 405, 413, 414, 417, 431, 501);

    /** Nothing of how the service is made. */
    private static final Pattern INSIDES = Pattern
            .compile("Exception|\\bat (org|io|java|com|jakarta)\\.|java\\.|vertx|netty|quarkus|mysql:|SELECT");
    private static final Pattern BODY = Pattern.compile("|\\{\"error\":\"[a-zA-Z -]+\"\\}"
            + "|\\{\"status\":\"Ratings is healthy\"\\}"
            + "|\\{\"id\":-?[0-9]{1,10},\"ratings\":\\{\"Reviewer1\":5,\"Reviewer2\":4\\}\\}");

    private static final List<String> METHODS = List.of("GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "DELETE",
            "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "BREW", "PROPFIND");
    private static final List<String> PATHS = List.of("/ratings/", "/ratings/", "/ratings/", "/health", "/ratings", "/",
            "//ratings/", "http://x/ratings/", "/ratings/../", "/q", "*", "/ratings/%", "/health/", "/ratings/0?");
    private static final List<String> PIECES = List.of("0", "1", "-1", "2147483648", "%30", "%", "%zz", "%00", "..",
            "/", "?", "#", ";", "&a=b", "=", "+", "e5", ".5", "\u00e9", "\u00ff", "{", "}", "|", "\\", "\"", "<", "^",
            "`", "~", "'", "x", "%2e%2e%2f", "%c0%af", "%ff", "[", "]", "@", ":", ",", "\u00a0");
    private static final List<String> HEADERS = List.of("Accept", "Content-Type", "Cookie", "Authorization", "Expect",
            "Upgrade", "Range", "If-None-Match", "Origin", "X-Forwarded-For", "Forwarded", "X-HTTP-Method-Override",
            "Accept-Encoding", "Accept-Charset", "Accept-Language", "Content-Encoding", "traceparent", "x-b3-sampled",
            "Trailer", "TE", "Via", "Date", "From", "Max-Forwards", "Sec-WebSocket-Key",
            "Access-Control-Request-Method");
    private static final List<String> VALUES = List.of("", "*/*", "application/json", "text/html;q=0", ";;;",
            "bytes=0-", "gzip", "multipart/form-data", "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded", "charset=\"", "TRACE", "websocket", "\u00ff\u00fe", "a, b, c", "-1",
            "Basic AAAA", "x/y;z=\"", "\t", "${x}", "application/json; charset=nope");
    private static final List<String> BODIES = List.of("", "{}", "{", "[1,2]", "null", "\u0000", "\u00ff\u00fe",
            "1e999999", "\"\\ud800\"", "a=b&c=d", "--x\r\n\r\n--x--", "[".repeat(2_000), "{\"a\":".repeat(500), " ",
            "9".repeat(5_000));
    private static final List<String> NOISE = List.of("\r\n", "\0", " ", ":", "\n", "\t", ";");

    private final long seed = Long.getLong("ratings.fuzz.seed", System.nanoTime());
    private final Random random = new Random(seed);

    @Test
    void requests_random_getResponsesOfTheContract() throws IOException {
        System.out.println("Fuzz seed: " + seed);
        long logged = Files.size(log());
        RawConnection kept = null;
        for (int i = 0; i < REQUESTS; i++) {
            String request = i % 5 == 0 ? malformed() : wellFormed();
            String shown = "seed " + seed + ", request " + i + ": "
                    + request.substring(0, Math.min(600, request.length()));
            long start = System.nanoTime();
            if (i % 5 == 0) {
                exchangeMalformed(request, shown);
            } else {
                kept = exchange(kept, request, shown);
            }
            assertTrue(System.nanoTime() - start < LONGEST_WAIT.toNanos(), shown);
        }
        http.await(Http.GOOD);
        String log = Files.readString(log()).substring((int) logged);
        assertFalse(log.contains(" WARN ") || log.contains(" ERROR ") || log.contains("\tat "), log);
    }

    /** Where the test framework puts the packaged application's log. */
    private static Path log() {
        return Path.of(System.getProperty("quarkus.log.file.path"));
    }

    /** @return the connection if it stays open, else null */
    private RawConnection exchange(RawConnection kept, String request, String shown) throws IOException {
        RawConnection connection = kept == null ? new RawConnection(service) : kept;
        Http.Answer answer;
        try {
            connection.send(request);
            do {
                answer = request.startsWith("HEAD ") ? connection.readHead() : connection.read();
            } while (answer.status() == 100);
        } catch (IOException e) {
            connection.close();
            if (kept == null) {
                throw new AssertionError(shown, e);
            }
            return exchange(null, request, shown); // the response before has closed it
        }
        assertTrue(STATUSES.contains(answer.status()), shown + "\n" + answer);
        assertFalse(INSIDES.matcher(answer.body()).find(), shown + "\n" + answer);
        assertEquals("application/json", answer.contentType(), shown + "\n" + answer);
        assertTrue(BODY.matcher(answer.body()).matches(), shown + "\n" + answer);
        if (!"close".equals(answer.headers().get("connection"))) {
            return connection;
        }
        connection.close();
        return null;
    }

    /** Whatever it means: some responses, or none, and the end. */
    private void exchangeMalformed(String request, String shown) {
        try (RawConnection connection = new RawConnection(service).send(request).endOutput()) {
            String answers = connection.rest();
            assertFalse(INSIDES.matcher(answers).find(), shown + "\n" + answers);
            assertFalse(answers.matches("(?s)HTTP/1.. 50[^1].*"), shown + "\n" + answers);
        } catch (SocketTimeoutException e) {
            throw new AssertionError(shown, e);
        } catch (IOException e) {
            // reset: it was refused before all of it had come
        }
    }

    /** Its characters stand for bytes. */
    private String wellFormed() {
        StringBuilder request = new StringBuilder(any(METHODS)).append(' ').append(any(PATHS))
                .append(random.nextBoolean() ? "" : random.nextInt());
        for (int i = random.nextInt(4); i > 0; i--) {
            request.append(any(PIECES));
        }
        request.append(" HTTP/1.1\r\nHost: x\r\n");
        for (int i = random.nextInt(4); i > 0; i--) {
            request.append(any(HEADERS)).append(": ").append(any(VALUES)).append("\r\n");
        }
        String body = any(BODIES);
        String chunk = body.isEmpty() ? "" : Integer.toHexString(body.length()) + "\r\n" + body + "\r\n";
        return switch (random.nextInt(3)) {
            case 0 -> request + "\r\n";
            case 1 -> request + "Content-Length: " + body.length() + "\r\n\r\n" + body;
            default -> request + "Transfer-Encoding: chunked\r\n\r\n" + chunk + "0\r\n\r\n";
        };
    }

    /** A request with some bytes changed, left out or put in, or cut off; or no request at all. */
    private String malformed() {
        if (random.nextInt(5) == 0) {
            byte[] noise = new byte[1 + random.nextInt(3_000)];
            random.nextBytes(noise);
            return new String(noise, StandardCharsets.ISO_8859_1);
        }
        StringBuilder changed = new StringBuilder();
        int rate = 1 + random.nextInt(60);
        for (char each : wellFormed().toCharArray()) {
            switch (random.nextInt(rate * 3)) {
                case 0 -> changed.append((char) random.nextInt(256));
                case 1 -> changed.append(any(NOISE));
                case 2 -> { // left out
                }
                default -> changed.append(each);
            }
        }
        return changed.toString();
    }

    private String any(List<String> list) {
        return list.get(random.nextInt(list.size()));
    }
}
