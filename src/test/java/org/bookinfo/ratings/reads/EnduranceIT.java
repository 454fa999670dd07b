package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.TestEffort;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What many reads and many outages leave behind in the process of the packaged application: nothing.
 */
@QuarkusIntegrationTest
@WithTestResource(DatabaseResource.class)
class EnduranceIT {

    private static final int CYCLES = TestEffort.size(20, 200);
    private static final int WARM_UP = 20;

    private static final int READS = TestEffort.size(4_000, 20_000);

    /** Less than the smallest object for each read would take. */
    private static final long MOST_KILOBYTES_OF_READS = READS * 16 / 1024;

    /** One in twenty, because each takes a second. */
    private static final int SILENT_EVERY = 20;

    private static final List<Fault> FAULTS = List.of(Fault.CLOSED, Fault.REFUSED, Fault.RESET);

    @TestHTTPResource("/")
    URI service;

    private final FaultyProxy proxy = DatabaseResource.proxy();
    private volatile boolean ended;

    /** What the process holds. */
    private record Holdings(int threads, int files, int connections, long heapKilobytes) {
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void manyOutagesUnderLoad_leaveNothingBehind() throws Exception {
        Http http = new Http(service);
        ProcessHandle process = application();
        ExecutorService load = Executors.newFixedThreadPool(8);
        try {
            List<Future<Integer>> clients = Stream.generate(() -> load.submit(this::ask)).limit(8).toList();
            cycle(http, WARM_UP);
            Holdings before = settled(process);
            cycle(http, CYCLES);
            Holdings after = settled(process);
            ended = true;
            int unexpected = 0;
            for (Future<Integer> client : clients) {
                unexpected += client.get(60, TimeUnit.SECONDS);
            }
            System.out.printf("Before and after %d outages: %s, %s%n", CYCLES, before, after);
            assertEquals(0, unexpected);
            assertTrue(after.threads <= before.threads + 4, "threads: " + before + " " + after);
            assertTrue(after.files <= before.files + 8, "files: " + before + " " + after);
            assertEquals(1, after.connections);
            assertTrue(after.heapKilobytes <= before.heapKilobytes + 8_192, "heap: " + before + " " + after);
        } finally {
            ended = true;
            load.shutdownNow();
            proxy.set(Fault.NONE);
        }
    }

    @Test
    void manyReads_leaveNothingBehind() throws Exception {
        Http http = new Http(service);
        ProcessHandle process = application();
        read(http, READS / 4);
        long before = heapKilobytes(process);
        read(http, READS);
        long after = heapKilobytes(process);
        System.out.printf("Before and after %d reads: %d kB, %d kB%n", READS, before, after);
        assertTrue(after <= before + MOST_KILOBYTES_OF_READS, before + " " + after);
    }

    /** One after the other: no two share a read. */
    private static void read(Http http, int times) {
        for (int i = 0; i < times; i++) {
            assertEquals(200, http.get("/ratings/0").status());
        }
    }

    /** Asks until the end; counts answers that the contract does not have. */
    private int ask() {
        Http http = new Http(service);
        int unexpected = 0;
        while (!ended) {
            int status = http.get("/ratings/0").status();
            if (status != 200 && status != 503) {
                unexpected++;
            }
            try {
                Thread.sleep(10); // so that hundreds of thousands of closed connections do not use up the ports
            } catch (InterruptedException e) {
                return unexpected;
            }
        }
        return unexpected;
    }

    private void cycle(Http http, int cycles) {
        for (int i = 0; i < cycles; i++) {
            proxy.set(i % SILENT_EVERY == 0 ? Fault.SILENT : FAULTS.get(i % FAULTS.size()));
            Await.until("the outage is seen", () -> http.get("/ratings/0").status() == 503);
            proxy.set(Fault.NONE);
            Await.until("the outage is over", () -> http.get("/ratings/0").status() == 200);
        }
    }

    private static ProcessHandle application() {
        return ProcessHandle.current().children().filter(
                child -> child.info().commandLine().orElse("").matches(".*(quarkus-run\\.jar|-runner).*")).findFirst()
                .orElseThrow();
    }

    /** The least of a few looks: what is being answered just now comes and goes. */
    private Holdings settled(ProcessHandle process) throws Exception {
        Path proc = Path.of("/proc", String.valueOf(process.pid()));
        long heap = heapKilobytes(process);
        int threads = Integer.MAX_VALUE;
        int files = Integer.MAX_VALUE;
        for (int i = 0; i < 50; i++) {
            threads = Math.min(threads, count(proc.resolve("task")));
            files = Math.min(files, count(proc.resolve("fd")));
            Thread.sleep(20);
        }
        return new Holdings(threads, files, proxy.connections(), heap);
    }

    private static int count(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return (int) entries.count();
        }
    }

    /** After a collection; of a native executable, which has no tool for it, what is resident. */
    private static long heapKilobytes(ProcessHandle process) throws Exception {
        String pid = String.valueOf(process.pid());
        if (!process.info().command().orElse("").endsWith("java")) {
            return Files.readAllLines(Path.of("/proc", pid, "status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).findFirst().orElseThrow();
        }
        String live = run("jcmd", pid, "GC.class_histogram");
        return Long.parseLong(live.replaceAll("(?s).*Total +\\d+ +(\\d+).*", "$1")) / 1024;
    }

    private static String run(String... command) throws Exception {
        Path tool = Path.of(System.getProperty("java.home"), "bin", command[0]);
        command[0] = tool.toString();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        process.waitFor();
        return output;
    }
}
