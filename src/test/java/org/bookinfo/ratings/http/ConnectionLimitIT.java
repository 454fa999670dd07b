package org.bookinfo.ratings.http;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The packaged application and callers that open connections and leave them: a newcomer is always answered.
 */
@EnabledOnOs(OS.LINUX)
class ConnectionLimitIT {

    private static final int LIMIT = 4_000;
    private static final int CROWD = 6_000;

    /** For the rules, which are the same whatever the limit is. */
    private static final int SMALL_LIMIT = 20;

    /** Most of them jars: 187 were seen. The rest are connections just being closed. */
    private static final int OTHER_FILES = 450;

    /** The Deployment's limit. */
    private static final int MEGABYTES = 256;

    /** A second is promised. The rest is room for a slow shared machine. */
    private static final Duration RECOVERY = Duration.ofSeconds(4);

    /** As in the image. */
    private static final Map<String, String> SMALL_HEAP = Map.of("JDK_JAVA_OPTIONS", "-Xmx64m -XX:+UseSerialGC");

    private static final String NO_DATABASE = "503 {\"error\":\"could not connect to ratings database\"}";
    private static final String HEALTHY = "200 {\"status\":\"Ratings is healthy\"}";
    private static final String RATINGS = "GET /ratings/0 HTTP/1.1\r\nHost: x\r\n\r\n";
    private static final String METRICS = "GET /q/metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    private static final String HEALTH = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

    private static final String CLOSED = "closed";

    /** Their answers are 15 MB. */
    private static final int MANY = 100_000;

    private static FaultyProxy proxy;

    private final List<Closeable> opened = new ArrayList<>();
    private PackagedApplication application;

    @BeforeAll
    static void openProxy() throws IOException {
        proxy = new FaultyProxy(TestDatabase.start());
    }

    @AfterAll
    static void closeProxy() throws IOException {
        proxy.close();
    }

    @AfterEach
    void stopApplication() throws IOException {
        proxy.set(Fault.NONE);
        for (Closeable each : opened) {
            each.close();
        }
        application.close();
    }

    private void start(Map<String, String> settings, String... runner) {
        Map<String, String> environment = TestDatabase.environment("127.0.0.1", proxy.port());
        environment.putAll(settings);
        application = new PackagedApplication(environment, List.of(runner)).awaitStart();
        Await.until("right answers", () -> application.http().get("/ratings/0").summary().equals(GOOD));
    }

    private Socket open() throws IOException {
        Socket socket = application.http().open();
        opened.add(socket);
        return socket;
    }

    private Socket open(String sent) throws IOException {
        Socket socket = open();
        write(socket, sent);
        return socket;
    }

    private List<Socket> open(int number, String sent) throws IOException {
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            sockets.add(open(sent));
        }
        return sockets;
    }

    /** Pipelines requests, of which the service may take its time to read the last. */
    private Socket openAndAsk(String request, int times) throws IOException {
        Socket socket = open();
        new Thread(() -> {
            try {
                write(socket, request.repeat(times));
            } catch (IOException e) {
                // The reader of the answers misses some.
            }
        }).start();
        return socket;
    }

    /** With the memory that the Deployment gives. */
    private void assertOthersAreAnswered(String ratings) {
        for (int i = 0; i < 100; i++) {
            assertEquals(ratings, application.http().get("/ratings/0").summary());
            assertEquals(200, application.http().get("/q/health/live").status());
        }
        assertTrue(application.residentMegabytes() < MEGABYTES, "MB: " + application.residentMegabytes());
        assertFalse(application.out().contains("OutOfMemory"), application.out());
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String read(Socket socket) throws IOException {
        return Http.read(socket.getInputStream()).summary();
    }

    /** Whether the service has read all that was sent. */
    private static boolean isRead(Socket socket) throws IOException {
        return queues(socket).endsWith(":00000000");
    }

    /** Until the service can write no more, and has read all that it wants to, or has closed the connection. */
    private static void awaitUnreadAnswers(Socket socket) {
        String[] last = {null};
        long[] since = {0};
        Await.until("answers are unread, and nothing moves for a second", () -> {
            String now = queues(socket);
            if (!now.equals(last[0])) {
                last[0] = now;
                since[0] = System.nanoTime();
            }
            return !now.startsWith("00000000:") && System.nanoTime() - since[0] > 1_000_000_000;
        });
    }

    /**
     * What the kernel keeps for the service's end of the connection: {@code unsent:unread}, in bytes, hexadecimal; or
     * {@value #CLOSED}.
     */
    private static String queues(Socket socket) throws IOException {
        Pattern end = Pattern.compile(String.format(":%04X [0-9A-F]+:%04X [0-9A-F]{2} (\\S+) ", socket.getPort(),
                socket.getLocalPort()));
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            Matcher found = end.matcher(Files.readString(Path.of(table)));
            if (found.find()) {
                return found.group(1);
            }
        }
        return CLOSED;
    }

    /** Whether the other side closes the connection within the time. */
    private static boolean ends(Socket socket, Duration time) throws IOException {
        socket.setSoTimeout((int) time.toMillis());
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return e.getMessage().contains("reset");
        }
    }

    /** As the unmodified {@code reviews} does, which does not read an answer that is no 200 and leaves the connection open. */
    @Test
    void get_sixThousandConnectionsLeftOpenAfter503_everybodyIsAnswered() throws IOException {
        start(SMALL_HEAP);
        proxy.set(Fault.CLOSED);
        Await.until("the outage is seen", () -> application.http().get("/ratings/0").summary().equals(NO_DATABASE));
        open(CROWD, RATINGS);
        assertEquals(200, application.http().get("/q/health/live").status());
        assertEquals(200, application.http().get("/q/health/ready").status());
        assertEquals(NO_DATABASE, application.http().get("/ratings/0").summary());
        int files = application.openFiles();
        assertTrue(files < LIMIT + OTHER_FILES, "open files: " + files);
        assertTrue(application.residentMegabytes() < MEGABYTES, "MB: " + application.residentMegabytes());
        proxy.set(Fault.NONE);
        Await.until("right answers", RECOVERY, () -> application.http().get("/ratings/0").summary().equals(GOOD));
        Await.until("what was left open is closed", () -> application.openFiles() < OTHER_FILES);
        assertTrue(application.out().contains("connections are open"), application.out());
    }

    @Test
    void get_moreSilentConnectionsThanTheLimit_isAnswered() throws IOException {
        start(Map.of());
        open(LIMIT + SMALL_LIMIT, "");
        assertEquals(GOOD, application.http().get("/ratings/0").summary());
        assertEquals(200, application.http().get("/q/health/live").status());
    }

    /** All of it would be 200 MB. */
    @ParameterizedTest
    @ValueSource(strings = {"POST /ratings/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 65000\r\n\r\n",
            "GET /health HTTP/1.1\r\nHost: x\r\nCookie: "})
    void get_moreHalfSentRequestsThanMemory_isAnswered(String head) throws IOException {
        start(SMALL_HEAP);
        for (int i = 0; i < LIMIT; i++) {
            Socket socket = open(head);
            try {
                write(socket, "1".repeat(head.startsWith("POST") ? 50_000 : 14_000));
            } catch (SocketException e) {
                // closed, which is one way to bound them
            }
        }
        assertOthersAreAnswered(GOOD);
    }

    /** What is pipelined waits for one answer after the other. */
    @Test
    void get_twentyThousandPipelined_areAllAnswered() throws IOException {
        start(SMALL_HEAP);
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            sockets.add(openAndAsk(RATINGS, 1_000));
        }
        for (Socket each : sockets) {
            InputStream in = new BufferedInputStream(each.getInputStream());
            for (int i = 0; i < 1_000; i++) {
                assertEquals(GOOD, Http.read(in).summary());
            }
        }
    }

    @Test
    void get_morePipelinedThanMemory_othersAreAnswered() throws IOException {
        Map<String, String> settings = new HashMap<>(SMALL_HEAP);
        settings.put("RATINGS_DEADLINE", "5s");
        start(settings);
        proxy.set(Fault.SILENT);
        for (int i = 0; i < 300; i++) {
            openAndAsk(RATINGS, 1_000);
        }
        Await.until("the first are answered", () -> application.http().get("/ratings/0").summary().equals(NO_DATABASE));
        assertOthersAreAnswered(NO_DATABASE);
        proxy.set(Fault.NONE);
        Await.until("right answers", () -> application.http().get("/ratings/0").summary().equals(GOOD));
    }

    /** Each asks for some 20 MB of answers, of which the kernel takes a few. */
    @Test
    void get_answersThatNobodyReads_othersAreAnswered() throws IOException {
        start(SMALL_HEAP);
        List<Socket> sockets = open(20, METRICS.repeat(1_000));
        awaitUnreadAnswers(sockets.get(19));
        assertOthersAreAnswered(GOOD);
    }

    @Test
    void get_answersReadLate_areAllThere() throws IOException {
        start(SMALL_HEAP);
        Socket socket = openAndAsk(HEALTH, MANY);
        awaitUnreadAnswers(socket);
        InputStream in = new BufferedInputStream(socket.getInputStream());
        for (int i = 0; i < MANY; i++) {
            assertEquals(HEALTHY, Http.read(in).summary());
        }
    }

    @Test
    void connection_answersUnread_isClosedSoon() throws IOException {
        start(SMALL_HEAP);
        Socket socket = openAndAsk(HEALTH, MANY);
        awaitUnreadAnswers(socket);
        assertNotEquals(CLOSED, queues(socket));
        Await.until("it is closed", Duration.ofSeconds(20), () -> queues(socket).equals(CLOSED));
    }

    /** Where a container may not open many files. */
    @Test
    void get_moreSilentConnectionsThanFilesAllowed_isAnswered() throws IOException {
        start(Map.of(), "sh", "-c", "ulimit -n 1024 && exec \"$@\"", "sh");
        open(1_200, "");
        assertEquals(GOOD, application.http().get("/ratings/0").summary());
        assertEquals(200, application.http().get("/q/health/live").status());
    }

    @Test
    void newcomer_atTheLimit_takesThePlaceOfTheOneIdleLongest() throws IOException {
        startWithSmallLimit(Map.of());
        Socket longestIdle = open(HEALTH);
        assertEquals(HEALTHY, read(longestIdle));
        Socket next = open(HEALTH);
        assertEquals(HEALTHY, read(next));
        Socket oldButUsed = open(HEALTH);
        assertEquals(HEALTHY, read(oldButUsed));
        Socket oldAndHalfSent = open("GET /hea");
        for (Socket each : open(SMALL_LIMIT - 4, HEALTH)) {
            assertEquals(HEALTHY, read(each));
        }
        write(oldButUsed, HEALTH);
        assertEquals(HEALTHY, read(oldButUsed));
        assertEquals(HEALTHY, read(open(HEALTH)));
        assertTrue(ends(longestIdle, Duration.ofSeconds(10)));
        assertEquals(HEALTHY, read(open(HEALTH)));
        assertTrue(ends(next, Duration.ofSeconds(10)));
        write(oldButUsed, HEALTH);
        assertEquals(HEALTHY, read(oldButUsed));
        write(oldAndHalfSent, "lth HTTP/1.1\r\nHost: x\r\n\r\n");
        assertEquals(HEALTHY, read(oldAndHalfSent));
    }

    @Test
    void newcomer_allOthersHalfSent_takesThePlaceOfTheOldest() throws IOException {
        startWithSmallLimit(Map.of());
        Socket oldest = open("GET /hea");
        Await.until("the oldest is read", () -> isRead(oldest));
        for (Socket each : open(SMALL_LIMIT - 1, HEALTH)) { // on each event loop: it has finished with the oldest
            assertEquals(HEALTHY, read(each));
        }
        List<Socket> later = open(SMALL_LIMIT - 1, "GET /hea"); // instead of those, which are idle
        for (Socket each : later) {
            Await.until("all are read", () -> isRead(each));
        }
        assertEquals(HEALTHY, read(open(HEALTH)));
        assertTrue(ends(oldest, Duration.ofSeconds(5)));
        for (Socket each : later) {
            write(each, "lth HTTP/1.1\r\nHost: x\r\n\r\n");
            assertEquals(HEALTHY, read(each));
        }
    }

    @Test
    void newcomer_allOthersBeingAnswered_waitsAndIsAnswered() throws IOException {
        startWithSmallLimit(Map.of("RATINGS_DEADLINE", "3s"));
        proxy.set(Fault.SILENT);
        List<Socket> crowd = open(5 * SMALL_LIMIT, RATINGS);
        long start = System.nanoTime();
        assertEquals(200, application.http().get("/q/health/live").status());
        assertTrue(Duration.ofNanos(System.nanoTime() - start).compareTo(Duration.ofSeconds(8)) < 0);
        for (Socket each : crowd) {
            assertEquals(NO_DATABASE, read(each));
        }
    }

    @Test
    void connection_lastAnswerNo200_isClosedSoon_othersAreKept() throws IOException {
        start(Map.of());
        Socket afterAnError = open("GET /no HTTP/1.1\r\nHost: x\r\n\r\n");
        assertEquals("404 {\"error\":\"not found\"}", read(afterAnError));
        Socket afterAnAnswer = open(HEALTH);
        assertEquals(HEALTHY, read(afterAnAnswer));
        Socket untouched = open();
        assertFalse(ends(afterAnError, Duration.ofSeconds(5)));
        assertTrue(ends(afterAnError, Duration.ofSeconds(15)));
        write(afterAnAnswer, HEALTH);
        assertEquals(HEALTHY, read(afterAnAnswer));
        write(untouched, HEALTH);
        assertEquals(HEALTHY, read(untouched));
    }

    private void startWithSmallLimit(Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(more);
        settings.put("RATINGS_CONNECTIONS_LIMIT", String.valueOf(SMALL_LIMIT));
        start(settings);
    }
}
