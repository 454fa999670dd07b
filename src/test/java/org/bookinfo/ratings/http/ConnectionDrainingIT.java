package org.bookinfo.ratings.http;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The packaged application, told to end by SIGTERM while 64 connections keep it busy.
 */
class ConnectionDrainingIT {

    private static final int CONNECTIONS = 64;

    /** 128 + SIGTERM, as a shell tells it: the JVM's own way to end, and the native executable's. */
    private static final int ENDED_BY_SIGTERM = 143;

    /** The delay of 4 s, with room for a slow shared machine. */
    private static final Duration BOUND = Duration.ofSeconds(14);

    /** 4 s of draining, 10 for requests under way, 1 for a read that hangs, and some room: it once took 19. */
    private static final Duration LONGEST_END = Duration.ofSeconds(18);

    /**
     * How many connections may be in the listener's queue, not accepted yet, when it is closed. The kernel resets them, and how
     * many there are depends on how busy the machine is: of 64, up to 19 were seen. A listener that went on listening
     * without accepting would have all of them.
     */
    private static final int QUEUED = CONNECTIONS / 2;

    private static final String GOOD = "{\"id\":0,\"ratings\":{\"Reviewer1\":5,\"Reviewer2\":4}}";

    private static FaultyProxy proxy;

    @BeforeAll
    static void openProxy() throws IOException {
        proxy = new FaultyProxy(TestDatabase.start());
    }

    @AfterAll
    static void closeProxy() throws IOException {
        proxy.close();
    }

    @Test
    void sigterm_underLoad_losesNoRequest() throws InterruptedException {
        try (PackagedApplication application = start()) {
            Load load = new Load(application.port(), "HTTP/1.1 200 ");
            Await.until("the load is on", () -> load.answers.get() > 10 * CONNECTIONS);
            int before = load.answers.get();
            assertEndsOnSigterm(application);
            load.await();
            assertTrue(load.answers.get() > before + 10 * CONNECTIONS, "it goes on serving for a while");
            assertEquals(List.of(), List.copyOf(load.lost));
            assertTrue(load.neverAccepted.get() <= QUEUED, load.neverAccepted::toString);
            assertFalse(application.out().contains("\tat "), application.out());
        }
    }

    @Test
    void sigterm_requestsAcceptedAndNotYetSentAsAWhole_areAnswered() throws IOException, InterruptedException {
        List<Connection> connections = new ArrayList<>();
        try (PackagedApplication application = start()) {
            Http http = application.http();
            for (int i = 0; i < CONNECTIONS; i++) {
                connections.add(new Connection(application.port()));
                connections.get(i).send("GET /ratings/0 HT");
            }
            application.terminate();
            Await.until("readiness turns off", () -> http.get("/q/health/ready").status() == 503);
            Await.until("nobody can connect any more", () -> !canConnect(application.port()));
            for (Connection connection : connections) {
                connection.send("TP/1.1\r\nHost: ratings\r\n\r\n");
            }
            for (Connection connection : connections) {
                String answer = connection.answer();
                assertTrue(answer.startsWith("HTTP/1.1 200 ") && answer.endsWith("\r\n\r\n" + GOOD), answer);
                connection.close();
            }
            assertEquals(ENDED_BY_SIGTERM, application.exitCode());
        }
    }

    @Test
    void sigterm_databaseSilentUnderLoad_endsInTime() throws InterruptedException {
        try (PackagedApplication application = start()) {
            proxy.set(Fault.SILENT);
            Await.until("the outage is seen", () -> application.http().get("/ratings/0").status() == 503);
            Load load = new Load(application.port(), "HTTP/1.1 503 ");
            Await.until("the load is on", () -> load.answers.get() > 10 * CONNECTIONS);
            assertEndsOnSigterm(application);
            load.await();
            assertEquals(List.of(), List.copyOf(load.lost));
            assertTrue(load.neverAccepted.get() <= QUEUED, load.neverAccepted::toString);
        } finally {
            proxy.set(Fault.NONE);
        }
    }

    /** The request comes as late as one can, and waits as long as one may. */
    @Test
    void sigterm_databaseSilentAndTheLongestDeadline_answersAndEndsInTime() throws IOException {
        try (PackagedApplication application = start(Map.of("RATINGS_DEADLINE", "10s"));
                Connection last = new Connection(application.port())) {
            last.send("GET /ratings/0 HT");
            proxy.set(Fault.SILENT);
            long start = System.nanoTime();
            application.terminate();
            Await.until("nobody can connect any more", () -> !canConnect(application.port()));
            last.send("TP/1.1\r\nHost: ratings\r\n\r\n");
            assertTrue(last.answer().startsWith("HTTP/1.1 503 "));
            assertEnded(application, start, LONGEST_END);
        } finally {
            proxy.set(Fault.NONE);
        }
    }

    private static void assertEndsOnSigterm(PackagedApplication application) {
        long start = System.nanoTime();
        application.terminate();
        assertEnded(application, start, BOUND);
    }

    private static void assertEnded(PackagedApplication application, long start, Duration bound) {
        assertEquals(ENDED_BY_SIGTERM, application.exitCode());
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        assertTrue(took.compareTo(bound) < 0, took::toString);
    }

    private static PackagedApplication start() {
        return start(Map.of());
    }

    private static PackagedApplication start(Map<String, String> settings) {
        Map<String, String> environment = TestDatabase.environment("127.0.0.1", proxy.port());
        environment.putAll(settings);
        PackagedApplication application = PackagedApplication.endingAsDelivered(environment).awaitStart();
        Await.until("right answers", () -> application.http().get("/ratings/0").status() == 200);
        return application;
    }

    private static boolean canConnect(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (ConnectException e) {
            return false;
        }
    }

    private static final class Connection implements AutoCloseable {

        private final Socket socket;
        private final InputStream in;

        Connection(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout((int) LONGEST_END.toMillis());
            in = new BufferedInputStream(socket.getInputStream());
        }

        void send(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        }

        /**
         * Reads one answer, the names of its headers in whatever case.
         *
         * @return null if the connection ends before the first byte of it
         */
        String answer() throws IOException {
            StringBuilder answer = new StringBuilder();
            while (answer.indexOf("\r\n\r\n") < 0) {
                int next = first(answer) ? firstByte() : in.read();
                if (next < 0) {
                    if (first(answer)) {
                        return null;
                    }
                    throw new IOException("ends within the head: " + answer);
                }
                answer.append((char) next);
            }
            int length = Integer.parseInt(
                    answer.toString().toLowerCase(Locale.ROOT).split("content-length: ")[1].split("\r")[0]);
            byte[] body = in.readNBytes(length);
            if (body.length < length) {
                throw new IOException("ends within the body: " + answer);
            }
            return answer.append(new String(body, StandardCharsets.US_ASCII)).toString();
        }

        private static boolean first(StringBuilder answer) {
            return answer.length() == 0;
        }

        private int firstByte() throws IOException {
            try {
                return in.read();
            } catch (SocketException e) {
                return -1; // reset
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /** Clients that send on and on, on a new connection where they are told that the last one ends, until none is to be had. */
    private static final class Load {

        private final int port;
        private final String status;
        private final AtomicInteger answers = new AtomicInteger();
        private final AtomicInteger neverAccepted = new AtomicInteger();
        private final Queue<String> lost = new ConcurrentLinkedQueue<>();
        private final List<Thread> clients = new ArrayList<>();

        Load(int port, String status) {
            this.port = port;
            this.status = status;
            for (int i = 0; i < CONNECTIONS; i++) {
                Thread client = new Thread(this::run, "client-" + i);
                client.setDaemon(true);
                client.start();
                clients.add(client);
            }
        }

        private void run() {
            try {
                boolean again;
                do {
                    again = sendUntilToldToClose();
                } while (again);
            } catch (ConnectException e) {
                // Nobody listens any more: as it should be.
            } catch (IOException e) {
                lost.add(e.toString());
            }
        }

        private boolean sendUntilToldToClose() throws IOException {
            try (Connection connection = new Connection(port)) {
                boolean answered = false;
                while (true) {
                    String answer = ask(connection);
                    if (answer == null && !answered) {
                        neverAccepted.incrementAndGet();
                        return false;
                    }
                    if (answer == null || !answer.startsWith(status)) {
                        lost.add(String.valueOf(answer));
                        return false;
                    }
                    answered = true;
                    answers.incrementAndGet();
                    if (answer.toLowerCase(Locale.ROOT).contains("\nconnection: close")) {
                        return true;
                    }
                }
            }
        }

        private static String ask(Connection connection) throws IOException {
            try {
                connection.send("GET /ratings/0 HTTP/1.1\r\nHost: ratings\r\n\r\n");
            } catch (SocketException e) {
                return null; // reset
            }
            return connection.answer();
        }

        void await() throws InterruptedException {
            for (Thread client : clients) {
                client.join();
            }
        }
    }
}
