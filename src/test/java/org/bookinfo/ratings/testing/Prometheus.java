package org.bookinfo.ratings.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.opentest4j.TestAbortedException;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * Prometheus itself, in a process of its own and with its data in a folder of the test's.
 */
public final class Prometheus implements AutoCloseable {

    /** The alerts. */
    public static final Path RULES = Path.of("k8s", "chart", "files", "alerts.yaml");

    private static final String MISSING = "Install Prometheus with its promtool (Debian's package 'prometheus'): the tests"
            + " of the alerts and of the dashboard, which need it, are skipped.";

    private static boolean toldMissing;

    private static final ObjectMapper JSON = new ObjectMapper();
    private final int port = Ports.free();
    private final HttpClient client = HttpClient.newHttpClient();
    private final Path log;
    private final Process process;

    /**
     * Starts it, and waits until it answers.
     *
     * @throws TestAbortedException where it is not installed
     */
    public Prometheus(Path folder, String configuration) {
        log = folder.resolve("log");
        try {
            process = start(new ProcessBuilder("prometheus",
                    "--config.file=" + Files.writeString(folder.resolve("prometheus.yml"), configuration),
                    "--storage.tsdb.path=" + folder.resolve("data"), "--web.listen-address=127.0.0.1:" + port,
                    "--log.level=warn").redirectErrorStream(true).redirectOutput(log.toFile()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try {
            Await.until("Prometheus is ready", () -> {
                if (!process.isAlive()) {
                    throw new AssertionError("Prometheus ended: " + Files.readString(log));
                }
                return isReady();
            });
        } catch (AssertionError e) {
            close();
            throw e;
        }
    }

    private static Process start(ProcessBuilder program) {
        try {
            return program.start();
        } catch (IOException e) {
            if (!toldMissing) {
                toldMissing = true;
                System.out.println(MISSING);
            }
            throw new TestAbortedException(MISSING, e);
        }
    }

    /**
     * Runs it, and expects that it has nothing against what it is given.
     *
     * @throws TestAbortedException where it is not installed
     */
    public static void promtool(String... arguments) {
        List<String> command = new ArrayList<>(List.of("promtool"));
        command.addAll(List.of(arguments));
        run(start(new ProcessBuilder(command).redirectErrorStream(true)));
    }

    private static String run(Process process) {
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), output);
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private boolean isReady() throws InterruptedException {
        try {
            return get("/-/ready").statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** The labels of each series that a query gives now. */
    public List<Map<String, String>> series(String query) {
        try {
            HttpResponse<String> answer = get(
                    "/api/v1/query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8));
            assertEquals(200, answer.statusCode(), () -> query + ": " + answer.body());
            List<Map<String, String>> series = new ArrayList<>();
            for (JsonNode one : JSON.readTree(answer.body()).path("data").path("result")) {
                Map<String, String> labels = new TreeMap<>();
                one.path("metric").properties()
                        .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
                series.add(labels);
            }
            return series;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("Prometheus does not end when told to");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
