package org.bookinfo.ratings.testing;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.opentest4j.TestAbortedException;

import static io.restassured.RestAssured.given;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Prometheus itself, in a process and a folder of its own.
 */
public final class Prometheus implements AutoCloseable {

    public static final Path RULES = Path.of("k8s", "chart", "files", "alerts.yaml");

    private static final String MISSING = "Install Prometheus with its promtool (Debian's package 'prometheus'): the"
            + " tests of the alerts and of the dashboard, which need it, are skipped.";

    private static boolean reportedMissing;

    private final String address = "127.0.0.1:" + Ports.free();
    private final Process process;

    /**
     * Starts Prometheus and waits until it answers.
     *
     * @throws TestAbortedException where Prometheus is not installed
     */
    public Prometheus(Path folder, String configuration) throws IOException {
        Path log = folder.resolve("log");
        process = start(Redirect.to(log.toFile()), "prometheus", "--web.listen-address=" + address,
                "--config.file=" + Files.writeString(folder.resolve("prometheus.yml"), configuration),
                "--storage.tsdb.path=" + folder.resolve("data"));
        try {
            Await.until("Prometheus is ready", () -> {
                String lines = Files.readString(log);
                assertTrue(process.isAlive(), lines);
                return lines.contains("Server is ready");
            });
        } catch (AssertionError e) {
            process.destroy();
            throw e;
        }
    }

    private static Process start(Redirect output, String... command) {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output).start();
        } catch (IOException e) {
            if (!reportedMissing) {
                reportedMissing = true;
                System.out.println(MISSING);
            }
            throw new TestAbortedException(MISSING, e);
        }
    }

    /**
     * Runs promtool and expects that it succeeds.
     *
     * @throws TestAbortedException where Prometheus is not installed
     */
    public static void promtool(String... arguments) throws IOException, InterruptedException {
        Process promtool = start(Redirect.PIPE,
                Stream.concat(Stream.of("promtool"), Stream.of(arguments)).toArray(String[]::new));
        String output = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, promtool.waitFor(), output);
    }

    /** The labels of each series that a query gives now. */
    public List<Map<String, String>> series(String query) {
        return given().queryParam("query", query).get("http://" + address + "/api/v1/query").then().statusCode(200)
                .extract().path("data.result.metric");
    }

    @Override
    public void close() {
        process.destroy();
        Await.until("Prometheus ends", () -> !process.isAlive());
    }
}
