package org.bookinfo.ratings.http;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.RawConnection;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.bookinfo.ratings.testing.Http.NOT_CONNECTED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * SIGTERM for the packaged application while clients keep it busy.
 */
class ConnectionDrainingIT {

    private static final int CLIENTS = 64;

    /** 128 + SIGTERM, as a shell reports it. */
    private static final int ENDED_BY_SIGTERM = 143;

    /** 4 s of draining, with room for a slow shared machine. */
    private static final Duration USUAL_END = Duration.ofSeconds(14);

    /** 4 s of draining, 10 for pending requests, 1 for a read that hangs, and some room. */
    private static final Duration LONGEST_END = Duration.ofSeconds(18);

    /**
     * Time for each client to find out, however busy the processors are: a client that is not scheduled within the
     * delivered 4 s sends its next request to a process that has ended.
     */
    private static final String[] LONG_DELAY = {"QUARKUS_SHUTDOWN_DELAY", "12s", "RATINGS_SHUTDOWN_LAST_REQUESTS",
            "6s"};
    private static final Duration LONG_END = Duration.ofSeconds(30);

    /**
     * Connections in the kernel's queue when the listener is closed: the kernel resets them. Of 64, up to 19 were seen.
     * A listener that did not accept any more, but was still open, would have all of them.
     */
    private static final int QUEUED = CLIENTS / 2;

    private static final String HALF = "GET /ratings/0 HT";
    private static final String OTHER_HALF = "TP/1.1\r\nHost: ratings\r\n\r\n";

    private static FaultyProxy proxy;

    @BeforeAll
    static void openProxy() {
        proxy = new FaultyProxy(TestDatabase.start());
    }

    @AfterAll
    static void closeProxy() {
        proxy.close();
    }

    @AfterEach
    void endFault() {
        proxy.restore();
    }

    @ParameterizedTest
    @EnumSource(names = {"NONE", "SILENT"})
    void sigterm_underLoad_losesNoRequest(Fault fault) throws InterruptedException {
        try (PackagedApplication application = start(LONG_DELAY)) {
            String expected = fault == Fault.NONE ? GOOD : NOT_CONNECTED;
            proxy.set(fault);
            application.http().await(expected);
            Load load = new Load(application.uri(), expected);
            List<Thread> clients = Stream.generate(() -> new Thread(load, "client")).limit(CLIENTS).toList();
            clients.forEach(Thread::start);
            Await.until("the load is on", () -> load.answers.get() > 10 * CLIENTS);
            long start = System.nanoTime();
            application.terminate();
            for (Thread client : clients) {
                client.join();
            }
            assertEnded(application, start, LONG_END);
            assertTrue(load.lastAnswers.get() > 0, "requests are answered after SIGTERM");
            assertEquals(List.of(), List.copyOf(load.lost));
            assertTrue(load.neverAccepted.get() <= QUEUED, load.neverAccepted::toString);
            assertFalse(application.out().contains("\tat "), application.out());
        }
    }

    @Test
    void sigterm_requestsAcceptedAndNotYetSentAsAWhole_areAnswered() throws IOException {
        List<RawConnection> connections = new ArrayList<>();
        try (PackagedApplication application = start()) {
            Http http = application.http();
            for (int i = 0; i < CLIENTS; i++) {
                connections.add(new RawConnection(application.uri()).send(HALF));
            }
            long start = System.nanoTime();
            application.terminate();
            Await.until("readiness turns off", () -> http.get("/q/health/ready").status() == 503);
            awaitNoListener(application);
            for (RawConnection connection : connections) {
                connection.send(OTHER_HALF);
            }
            for (RawConnection connection : connections) {
                assertEquals(GOOD, connection.summary());
                connection.close();
            }
            assertEnded(application, start, USUAL_END);
        }
    }

    /** The request comes as late, and waits as long, as possible. */
    @Test
    void sigterm_databaseSilentAndTheLongestDeadline_answersAndEndsInTime() throws IOException {
        try (PackagedApplication application = start("RATINGS_DEADLINE", "10s");
                RawConnection last = new RawConnection(application.uri()).send(HALF)) {
            proxy.set(Fault.SILENT);
            long start = System.nanoTime();
            application.terminate();
            awaitNoListener(application);
            assertEquals(NOT_CONNECTED, last.send(OTHER_HALF).summary());
            assertEnded(application, start, LONGEST_END);
        }
    }

    private static PackagedApplication start(String... settings) {
        PackagedApplication application = PackagedApplication.start(proxy, settings);
        application.http().await(GOOD);
        return application;
    }

    private static void awaitNoListener(PackagedApplication application) {
        Await.until("nobody can connect any more", () -> {
            try {
                new RawConnection(application.uri()).close();
                return false;
            } catch (ConnectException e) {
                return true;
            }
        });
    }

    private static void assertEnded(PackagedApplication application, long start, Duration bound) {
        assertEquals(ENDED_BY_SIGTERM, application.exitCode());
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        assertTrue(took.compareTo(bound) < 0, took::toString);
    }

    /** A client that sends request after request, on a new connection where the last one ends, until it is refused. */
    private record Load(URI service, String expected, AtomicInteger answers, AtomicInteger lastAnswers,
            AtomicInteger neverAccepted, Queue<String> lost) implements Runnable {

        Load(URI service, String expected) {
            this(service, expected, new AtomicInteger(), new AtomicInteger(), new AtomicInteger(),
                    new ConcurrentLinkedQueue<>());
        }

        @Override
        public void run() {
            while (useConnection()) {
                // the service has announced its end: another one
            }
        }

        private boolean useConnection() {
            boolean accepted = false;
            try (RawConnection connection = new RawConnection(service)) {
                for (;; accepted = true) {
                    Http.Answer answer = connection.send(HALF + OTHER_HALF).read();
                    if (!answer.summary().equals(expected)) {
                        lost.add(answer.toString());
                    }
                    answers.incrementAndGet();
                    if ("close".equals(answer.headers().get("connection"))) {
                        lastAnswers.incrementAndGet();
                        return true;
                    }
                }
            } catch (ConnectException e) {
                return false; // nobody listens any more
            } catch (IOException e) {
                if (accepted) {
                    lost.add(e.toString());
                } else {
                    neverAccepted.incrementAndGet();
                }
                return false;
            }
        }
    }
}
