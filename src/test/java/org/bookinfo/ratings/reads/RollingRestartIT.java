package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.RawConnection;
import org.bookinfo.ratings.testing.TestDatabase;
import org.bookinfo.ratings.testing.TestEffort;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Two instances of the packaged application, restarted in turn on busy processors, behind a load balancer that follows
 * their readiness: no caller loses a request. Answers may be late here, so requests have the longest deadline.
 */
@Tag("alone")
class RollingRestartIT {

    private static final int RESTARTS = TestEffort.size(2, 6);
    private static final int CLIENTS = 16;

    /** Java starts, and the first read takes up to 30 s, on processors that all else uses too. */
    private static final Duration LONGEST_START = Duration.ofMinutes(4);

    private final TestDatabase database = TestDatabase.start();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    /** Those that said that they are ready when they were asked last, as a load balancer has them. */
    private final Set<PackagedApplication> ready = new CopyOnWriteArraySet<>();
    private final List<PackagedApplication> all = new CopyOnWriteArrayList<>();

    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger answers = new AtomicInteger();
    private volatile PackagedApplication ending;
    private volatile boolean ended;

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void restarts_underLoadOnBusyProcessors_costNoRequest() throws Exception {
        try {
            startInstance();
            startInstance();
            threads.submit(this::watchReadiness);
            Await.until("both are ready", LONGEST_START, () -> ready.size() == 2);
            for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
                threads.submit(this::keepBusy);
            }
            for (int i = 0; i < CLIENTS; i++) {
                threads.submit(this::ask);
            }
            for (int i = 0; i < RESTARTS; i++) {
                int before = answers.get();
                endTheOldest();
                startInstance();
                Await.until("both are ready", LONGEST_START, () -> ready.size() == 2);
                assertTrue(answers.get() > before + CLIENTS, "callers were served meanwhile");
            }
            ended = true;
            threads.shutdown();
            assertTrue(threads.awaitTermination(1, TimeUnit.MINUTES));
            assertEquals(List.of(), List.copyOf(failures), () -> "of " + answers + " answers");
        } finally {
            ended = true;
            all.forEach(PackagedApplication::close);
        }
    }

    private void startInstance() {
        all.add(new PackagedApplication(
                TestDatabase.environment(database.host(), database.port(), "RATINGS_DEADLINE", "10s")));
    }

    private void endTheOldest() {
        PackagedApplication oldest = all.get(0);
        ending = oldest;
        oldest.terminate();
        Await.until("the load balancer leaves it alone", () -> !ready.contains(oldest));
        oldest.exitCode();
        all.remove(oldest);
        oldest.close();
    }

    /** Asks each five times a second, and takes it out of service, or into it, at the first answer. */
    private Void watchReadiness() throws InterruptedException {
        while (!ended) {
            for (PackagedApplication application : all) {
                if (isReady(application)) {
                    ready.add(application);
                } else {
                    ready.remove(application);
                }
            }
            Thread.sleep(200);
        }
        return null;
    }

    private static boolean isReady(PackagedApplication application) {
        try {
            return application.http().get("/q/health/ready").status() == 200;
        } catch (AssertionError e) {
            return false; // it does not listen yet
        }
    }

    private void keepBusy() {
        while (!ended) {
            Thread.onSpinWait();
        }
    }

    /** On a connection to one instance for as long as it is ready and keeps it open. */
    private Void ask() throws InterruptedException {
        while (!ended) {
            List<PackagedApplication> now = List.copyOf(ready);
            if (now.isEmpty()) {
                failures.add("no instance is ready");
                return null;
            }
            PackagedApplication application = now.get(ThreadLocalRandom.current().nextInt(now.size()));
            // As by a sidecar, a request whose connection was refused goes to another instance.
            try (RawConnection connection = new RawConnection(application.uri())) {
                boolean open = true;
                while (open && !ended && ready.contains(application)) {
                    Http.Answer answer = connection.get("/ratings/0");
                    open = !"close".equals(answer.headers().get("connection"));
                    answers.incrementAndGet();
                    if (!answer.summary().equals(GOOD)) {
                        failures.add(answer.summary());
                    }
                    Thread.sleep(10);
                }
            } catch (ConnectException e) {
                if (application != ending && all.contains(application)) {
                    failures.add(e.toString());
                }
            } catch (IOException e) {
                failures.add(e.toString());
            }
        }
        return null;
    }
}
