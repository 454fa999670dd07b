package org.bookinfo.ratings.http;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.RawConnection;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The packaged application, with the memory that the Deployment gives, and clients that leave connections open: others
 * are always answered.
 */
@EnabledOnOs(OS.LINUX)
class ConnectionLimitIT {

    private static final int LIMIT = 750;
    private static final int CROWD = 4_000;
    private static final int SMALL_LIMIT = 20;

    /** The JVM's own files, most of them jars: 187 were seen. */
    private static final int OTHER_FILES = 250;

    /** The Deployment's limit. */
    private static final int MEGABYTES = 256;

    /** A second is promised. The rest is room for a slow shared machine. */
    private static final Duration RECOVERY = Duration.ofSeconds(4);
    private static final Duration SOON = Duration.ofSeconds(20);

    /** As in the image. */
    private static final Map<String, String> SMALL_HEAP = Map.of("JDK_JAVA_OPTIONS",
            "-Xmx64m -Xmn16m -XX:SurvivorRatio=4 -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError");

    private static final String NO_DATABASE = "503 {\"error\":\"could not connect to ratings database\"}";
    private static final String HEALTHY = "200 {\"status\":\"Ratings is healthy\"}";
    private static final String RATINGS_HEAD = "GET /ratings/0 HTTP/1.1\r\nHost: x\r\n";
    private static final String RATINGS = RATINGS_HEAD + "\r\n";
    private static final String HEALTH = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

    private static final String LAST_HEALTH = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    /** So long that many of them fill the kernel's buffers. */
    private static final String PADDING = "Cookie: " + "x".repeat(1_000) + "\r\n\r\n";
    private static final String LONG_HEALTH = "GET /health HTTP/1.1\r\nHost: x\r\n" + PADDING;
    private static final String LONG_METRICS = "GET /q/metrics HTTP/1.1\r\nHost: x\r\n" + PADDING;
    private static final int MANY = 10_000;

    private static final String HALF = "GET /hea";
    private static final String OTHER_HALF = "lth HTTP/1.1\r\nHost: x\r\n\r\n";

    private static FaultyProxy proxy;

    private final List<RawConnection> opened = new ArrayList<>();
    private final Set<RawConnection> broken = ConcurrentHashMap.newKeySet();
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
        for (RawConnection each : opened) {
            each.close();
        }
        application.close();
    }

    private void start(Map<String, String> settings, String... runner) {
        Map<String, String> environment = TestDatabase.environment("127.0.0.1", proxy.port());
        environment.putAll(SMALL_HEAP);
        environment.putAll(settings);
        application = new PackagedApplication(environment, List.of(runner)).awaitStart();
        awaitRatings(GOOD);
    }

    private void startWithSmallLimit(String deadline) {
        start(Map.of("RATINGS_CONNECTIONS_LIMIT", String.valueOf(SMALL_LIMIT), "RATINGS_DEADLINE", deadline));
    }

    private void awaitRatings(String expected) {
        Await.until(expected, () -> application.http().get("/ratings/0").summary().equals(expected));
    }

    private RawConnection open(String sent) throws IOException {
        RawConnection connection = new RawConnection(application.uri());
        opened.add(connection);
        return connection.send(sent);
    }

    private List<RawConnection> open(int number, String sent) throws IOException {
        List<RawConnection> connections = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            connections.add(open(sent));
        }
        return connections;
    }

    /** Opens a connection, and sends the requests as fast as the service reads them. */
    private RawConnection pipeline(String request, int times, AtomicInteger sent) throws IOException {
        RawConnection connection = open("");
        new Thread(() -> {
            try {
                for (int i = 0; i < times; i += 100) {
                    connection.send(request.repeat(100));
                    sent.addAndGet(100);
                }
            } catch (IOException e) {
                broken.add(connection);
            }
        }).start();
        return connection;
    }

    private void assertOthersAreAnswered(String ratings) {
        for (int i = 0; i < 100; i++) {
            assertEquals(ratings, application.http().get("/ratings/0").summary());
            assertEquals(200, application.http().get("/q/health/live").status());
        }
        assertTrue(application.residentMegabytes() < MEGABYTES, "MB: " + application.residentMegabytes());
        assertFalse(application.out().contains("OutOfMemory"), application.out());
    }

    /** As the unmodified {@code reviews} does, which does not read errors and leaves the connection open. */
    @Test
    void get_thousandsOfConnectionsLeftOpenAfter503_everybodyIsAnswered() throws IOException {
        start(Map.of());
        proxy.set(Fault.CLOSED);
        awaitRatings(NO_DATABASE);
        open(CROWD, RATINGS);
        assertOthersAreAnswered(NO_DATABASE);
        int files = application.openFiles();
        assertTrue(files < LIMIT + OTHER_FILES, "open files: " + files);
        proxy.set(Fault.NONE);
        Await.until("right answers", RECOVERY, () -> application.http().get("/ratings/0").summary().equals(GOOD));
        Await.until("what was left open is closed", () -> application.openFiles() < OTHER_FILES);
        assertTrue(application.out().contains(LIMIT + " connections are open"), application.out());
    }

    /** Where a container may not open many files. */
    @Test
    void get_moreSilentConnectionsThanFilesAllowed_isAnswered() throws IOException {
        start(Map.of(), "sh", "-c", "ulimit -n 1024 && exec \"$@\"", "sh");
        open(1_500, "");
        assertOthersAreAnswered(GOOD);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void get_moreHalfSentRequestsThanMemory_isAnswered(int kind) throws IOException {
        String half = List
                .of("POST /ratings/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 65000\r\n\r\n" + "1".repeat(50_000),
                        RATINGS_HEAD + "Cookie: " + "1".repeat(14_000), RATINGS_HEAD + "a:\r\n".repeat(3_900))
                .get(kind);
        start(Map.of());
        for (int i = 0; i < CROWD; i++) {
            RawConnection connection = open("");
            try {
                connection.send(half);
            } catch (SocketException e) {
                // refused
            }
        }
        assertOthersAreAnswered(GOOD);
    }

    @Test
    void get_manyWholeRequestsWaitForASilentDatabase_othersAreAnswered() throws IOException {
        start(Map.of("RATINGS_DEADLINE", "5s"));
        proxy.set(Fault.SILENT);
        String whole = RATINGS_HEAD + "Cookie: " + "1".repeat(15_000) + "\r\n\r\n";
        List<RawConnection> waiting = open(LIMIT - 50, whole);
        open(CROWD, whole);
        for (RawConnection each : waiting) {
            assertEquals(NO_DATABASE, each.summary());
        }
        assertOthersAreAnswered(NO_DATABASE);
    }

    @Test
    void get_hundredThousandPipelined_areAllAnswered() throws IOException {
        start(Map.of());
        List<RawConnection> connections = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            connections.add(pipeline(RATINGS, 1_000, new AtomicInteger()));
        }
        for (RawConnection each : connections) {
            for (int i = 0; i < 1_000; i++) {
                assertEquals(GOOD, each.summary());
            }
        }
    }

    @Test
    void get_morePipelinedThanMemory_othersAreAnswered() throws IOException {
        start(Map.of("RATINGS_DEADLINE", "5s"));
        proxy.set(Fault.SILENT);
        for (int i = 0; i < 300; i++) {
            pipeline(RATINGS, 1_000, new AtomicInteger());
        }
        awaitRatings(NO_DATABASE);
        assertOthersAreAnswered(NO_DATABASE);
        proxy.set(Fault.NONE);
        awaitRatings(GOOD);
    }

    /** Each asks for 200 MB of responses. */
    @Test
    void get_responsesThatNobodyReads_othersAreAnswered() throws IOException {
        start(Map.of());
        AtomicInteger sent = new AtomicInteger();
        for (int i = 0; i < 30; i++) {
            pipeline(LONG_METRICS, MANY, sent);
        }
        awaitStandstill(sent, 30 * MANY);
        assertOthersAreAnswered(GOOD);
    }

    @Test
    void get_responsesReadLate_areAllThere() throws IOException {
        start(Map.of());
        AtomicInteger sent = new AtomicInteger();
        RawConnection late = pipeline(LONG_HEALTH, MANY, sent);
        awaitStandstill(sent, MANY);
        for (int i = 0; i < MANY; i++) {
            assertEquals(HEALTHY, late.summary());
        }
    }

    @Test
    void connection_responsesUnread_isClosedSoon() throws IOException {
        start(Map.of());
        AtomicInteger sent = new AtomicInteger();
        RawConnection unread = pipeline(LONG_HEALTH, MANY, sent);
        awaitStandstill(sent, MANY);
        Await.until("the service closes the connection", SOON, () -> broken.contains(unread));
    }

    /** Vert.x drops the request behind one with {@code Connection: close}. Of some, the last bytes fit no buffer. */
    @Test
    void connection_requestBehindTheLastOne_isClosedSoon() throws IOException {
        start(Map.of());
        int files = application.openFiles();
        List<Socket> clients = new ArrayList<>();
        for (int requests = 100; requests < 1_000; requests += 10) {
            Socket client = new Socket();
            client.setReceiveBufferSize(4_096);
            client.connect(new InetSocketAddress(application.uri().getHost(), application.uri().getPort()));
            client.getOutputStream().write((HEALTH.repeat(requests) + LAST_HEALTH + HEALTH).getBytes(US_ASCII));
            clients.add(client);
        }
        Await.until("the service has closed all of them", () -> application.openFiles() <= files + 10);
        for (Socket client : clients) {
            client.close();
        }
    }

    private static void awaitStandstill(AtomicInteger sent, int all) {
        int[] last = {-1};
        long[] since = {0};
        Await.until("the service reads no further", () -> {
            if (sent.get() != last[0]) {
                last[0] = sent.get();
                since[0] = System.nanoTime();
            }
            return System.nanoTime() - since[0] > 1_000_000_000;
        });
        assertTrue(sent.get() < all, "all " + all + " were read");
    }

    @Test
    void newcomer_atTheLimit_takesThePlaceOfTheOneIdleLongest() throws IOException {
        startWithSmallLimit("1s");
        RawConnection longestIdle = open(HEALTH);
        assertEquals(HEALTHY, longestIdle.summary());
        RawConnection oldButUsed = open(HEALTH);
        assertEquals(HEALTHY, oldButUsed.summary());
        for (RawConnection each : open(SMALL_LIMIT - 3, HEALTH)) {
            assertEquals(HEALTHY, each.summary());
        }
        assertFalse(longestIdle.ends(Duration.ofMillis(200)));
        assertEquals(HEALTHY, oldButUsed.send(HEALTH).summary());
        assertEquals(HEALTHY, open(HEALTH).summary());
        assertTrue(longestIdle.ends(SOON));
        assertEquals(HEALTHY, oldButUsed.send(HEALTH).summary());
    }

    @Test
    void newcomer_allOthersHalfSent_takesThePlaceOfTheOldest() throws IOException {
        startWithSmallLimit("1s");
        List<RawConnection> halfSent = open(SMALL_LIMIT - 1, HEALTH + HALF);
        for (RawConnection each : halfSent) {
            assertEquals(HEALTHY, each.summary());
        }
        assertEquals(HEALTHY, open(HEALTH).summary());
        assertEquals(HEALTHY, open(HEALTH).summary());
        assertTrue(halfSent.get(0).ends(SOON));
        RawConnection last = halfSent.get(halfSent.size() - 1);
        assertEquals(HEALTHY, last.send(OTHER_HALF).summary());
    }

    @Test
    void newcomer_allOthersBeingAnswered_waitsAndIsAnswered() throws IOException {
        startWithSmallLimit("3s");
        proxy.set(Fault.SILENT);
        List<RawConnection> crowd = open(5 * SMALL_LIMIT, RATINGS);
        long start = System.nanoTime();
        assertEquals(200, application.http().get("/q/health/live").status());
        assertTrue(Duration.ofNanos(System.nanoTime() - start).compareTo(Duration.ofSeconds(8)) < 0);
        for (RawConnection each : crowd) {
            assertEquals(NO_DATABASE, each.summary());
        }
    }

    @Test
    void connection_lastResponseAnError_isClosedSoon_othersAreKept() throws IOException {
        start(Map.of());
        RawConnection afterAnError = open("GET /no HTTP/1.1\r\nHost: x\r\n\r\n");
        assertEquals("404 {\"error\":\"not found\"}", afterAnError.summary());
        RawConnection afterSuccess = open(HEALTH);
        assertEquals(HEALTHY, afterSuccess.summary());
        RawConnection untouched = open("");
        assertFalse(afterAnError.ends(Duration.ofSeconds(5)));
        assertTrue(afterAnError.ends(SOON));
        assertEquals(HEALTHY, afterSuccess.send(HEALTH).summary());
        assertEquals(HEALTHY, untouched.send(HEALTH).summary());
    }
}
