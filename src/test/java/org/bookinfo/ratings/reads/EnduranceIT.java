package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.TestDatabase;
import org.bookinfo.ratings.testing.TestEffort;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.bookinfo.ratings.testing.Http.NOT_CONNECTED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Many reads and many outages leave nothing behind in the process of the packaged application.
 */
class EnduranceIT {

    private static final int CYCLES = TestEffort.size(20, 200);
    private static final int WARM_UP = 20;

    private static final int READS = TestEffort.size(4_000, 20_000);

    /** Less than the smallest object for each read would take. */
    private static final long MOST_KILOBYTES_OF_READS = READS * 16 / 1024;

    /** One in twenty, because each takes a second. */
    private static final int SILENT_EVERY = 20;

    private static final List<Fault> FAULTS = List.of(Fault.CLOSED, Fault.REFUSED, Fault.RESET);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private FaultyProxy proxy;
    private PackagedApplication application;
    private Http http;
    private volatile boolean ended;

    private void start(String... settings) {
        proxy = new FaultyProxy(TestDatabase.start());
        application = PackagedApplication.start(proxy, settings);
        http = application.http();
        http.await(GOOD);
    }

    @AfterEach
    void end() {
        ended = true;
        threads.shutdownNow();
        application.close();
        proxy.close();
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void outages_manyUnderLoad_leaveNothingBehind() throws Exception {
        start();
        List<Future<Integer>> clients = Stream.generate(() -> threads.submit(this::countUnexpected)).limit(8).toList();
        cycle(WARM_UP);
        Holdings before = holdings();
        cycle(CYCLES);
        Holdings after = holdings();
        ended = true;
        for (Future<Integer> client : clients) {
            assertEquals(0, client.get(60, TimeUnit.SECONDS));
        }
        System.out.printf("Before and after %d outages: %s, %s%n", CYCLES, before, after);
        assertTrue(after.threads <= before.threads + 4, "threads: " + before + " " + after);
        assertTrue(after.files <= before.files + 8, "files: " + before + " " + after);
        assertEquals(1, after.connections);
        assertTrue(after.heapKilobytes <= before.heapKilobytes + 8_192, "heap: " + before + " " + after);
    }

    @Test
    void reads_many_leaveNothingBehind() throws Exception {
        start("RATINGS_DEADLINE", "10s"); // no read may fail, however slow the machine
        read(READS / 4);
        long before = heapKilobytes();
        read(READS);
        long after = heapKilobytes();
        System.out.printf("Before and after %d reads: %d kB, %d kB%n", READS, before, after);
        assertTrue(after <= before + MOST_KILOBYTES_OF_READS, before + " " + after);
    }

    /** One after the other: no two share a read. */
    private void read(int times) {
        for (int i = 0; i < times; i++) {
            assertEquals(GOOD, http.ratings());
        }
    }

    /** @return how many responses until the end are not the contract's */
    private int countUnexpected() throws InterruptedException {
        int unexpected = 0;
        while (!ended) {
            if (!List.of(GOOD, NOT_CONNECTED).contains(http.ratings())) {
                unexpected++;
            }
            Thread.sleep(10); // so that hundreds of thousands of closed connections do not use up the ports
        }
        return unexpected;
    }

    private void cycle(int cycles) {
        for (int i = 0; i < cycles; i++) {
            proxy.set(i % SILENT_EVERY == 0 ? Fault.SILENT : FAULTS.get(i % FAULTS.size()));
            http.await(NOT_CONNECTED);
            proxy.set(Fault.NONE);
            http.await(GOOD);
        }
    }

    /** What the process holds. */
    private record Holdings(int threads, int files, int connections, long heapKilobytes) {
    }

    /** The least of a few looks: responses that are under way come and go. */
    private Holdings holdings() throws Exception {
        long heap = heapKilobytes();
        int tasks = Integer.MAX_VALUE;
        int files = Integer.MAX_VALUE;
        for (int i = 0; i < 50; i++) {
            tasks = Math.min(tasks, application.threads());
            files = Math.min(files, application.openFiles());
            Thread.sleep(20);
        }
        return new Holdings(tasks, files, proxy.connections(), heap);
    }

    /** After a collection; of a native executable, which has no tool for it, the resident memory. */
    private long heapKilobytes() throws IOException {
        if (!PackagedApplication.isJar()) {
            return application.residentMegabytes() * 1024;
        }
        Process jcmd = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                String.valueOf(application.pid()), "GC.class_histogram").redirectErrorStream(true).start();
        String live = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return Long.parseLong(live.replaceAll("(?s).*Total +\\d+ +(\\d+).*", "$1")) / 1024;
    }
}
