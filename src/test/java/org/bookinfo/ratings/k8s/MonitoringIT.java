package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.Prometheus;
import org.bookinfo.ratings.testing.TestDatabase;
import org.bookinfo.ratings.testing.TestEffort;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

/**
 * The packaged application, scraped by Prometheus as the PodMonitor says: which alerts an outage causes, and the
 * dashboard's queries. A minute of the alerts' is a second here.
 */
class MonitoringIT {

    private static final String OURS = "{namespace=\"bookinfo\",pod=\"ratings-v2-mysql-1\",container=\"ratings\"}";

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path folder;

    private static TestDatabase database;
    private static FaultyProxy proxy;
    private static PackagedApplication application;
    private static Prometheus prometheus;
    private static Thread caller;

    /** Once, and not before all tests, where it would hide those that are skipped for want of Prometheus. */
    private static void start() throws IOException {
        Prometheus.promtool("--version");
        database = TestDatabase.start();
        proxy = new FaultyProxy(database);
        application = new PackagedApplication(TestDatabase.environment("127.0.0.1", proxy.port())).awaitStart();
        caller = new Thread(MonitoringIT::call);
        caller.start();
        Files.writeString(folder.resolve("rules.yaml"),
                Files.readString(Prometheus.RULES).replaceAll("\\b([0-9]+)m\\b", "$1s"));
        prometheus = new Prometheus(folder, configuration());
    }

    private static void call() {
        Http http = application.http();
        while (!Thread.currentThread().isInterrupted()) {
            http.get("/ratings/0");
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** As the operator makes it of the PodMonitor. Only the annotations lead to the service, not the address. */
    private static String configuration() throws IOException {
        JsonNode endpoint = Manifests.chart("metrics: {podMonitor: {enabled: true}}")
                .at("PodMonitor/ratings-v2-mysql", "/spec/podMetricsEndpoints/0");
        Map<String, String> labels = Map.of("namespace", "bookinfo", "pod", "ratings-v2-mysql-1", "container",
                "ratings",
                "__meta_kubernetes_pod_annotation_prometheus_io_port", String.valueOf(application.port()),
                "__meta_kubernetes_pod_annotation_prometheus_io_path", endpoint.path("path").asText());
        return JSON.writeValueAsString(Map.of(
                "global", Map.of("scrape_interval", "1s", "evaluation_interval", "1s"),
                "rule_files", List.of("rules.yaml"),
                "scrape_configs", List.of(Map.of("job_name", "bookinfo/ratings-v2-mysql",
                        "metrics_path", "/nowhere",
                        "static_configs", List.of(Map.of("targets", List.of("127.0.0.1:1"), "labels", labels)),
                        "relabel_configs", snakeCase(endpoint.path("relabelings")),
                        "metric_relabel_configs", snakeCase(endpoint.path("metricRelabelings"))))));
    }

    private static List<Map<String, JsonNode>> snakeCase(JsonNode objects) {
        List<Map<String, JsonNode>> renamed = new ArrayList<>();
        for (JsonNode object : objects) {
            Map<String, JsonNode> fields = new TreeMap<>();
            object.properties().forEach(field -> fields.put(
                    field.getKey().replaceAll("(?=[A-Z])", "_").toLowerCase(), field.getValue()));
            renamed.add(fields);
        }
        return renamed;
    }

    @AfterAll
    static void stop() throws Exception {
        if (caller != null) {
            caller.interrupt();
            caller.join();
        }
        for (AutoCloseable started : Arrays.asList(prometheus, application, proxy)) {
            if (started != null) {
                started.close();
            }
        }
    }

    @BeforeEach
    void awaitHealthy() throws IOException {
        if (prometheus == null) {
            start();
        }
        Await.until("Prometheus sees ratings",
                () -> !prometheus.series("ratings_database_up" + OURS + " == 1").isEmpty());
    }

    @AfterEach
    void restore() {
        if (prometheus != null) {
            proxy.set(Fault.NONE);
            database.undo();
        }
    }

    private record Outage(String cause, Runnable begin) {
    }

    static List<Outage> outages() {
        return List.of(
                new Outage("connection-refused", () -> proxy.set(Fault.REFUSED)),
                new Outage("closed-before-greeting", () -> proxy.set(Fault.CLOSED)),
                new Outage("no-answer", () -> proxy.set(Fault.SILENT)),
                new Outage("table-missing", () -> database.execute("DROP TABLE test.ratings")),
                new Outage("access-denied", () -> {
                    database.execute("ALTER USER 'bookinfo'@'%' IDENTIFIED BY 'another'");
                    proxy.closeOpen();
                })).subList(0, TestEffort.size(1, 5));
    }

    @ParameterizedTest
    @MethodSource("outages")
    void outage_beginsAndEnds_isPendingThenFiringWithItsCauseThenResolved(Outage outage) {
        Await.until("no alert is up", () -> prometheus.series("ALERTS").isEmpty());
        long begin = System.nanoTime();
        outage.begin.run();
        Await.until("the alert is pending", () -> isUnavailable("pending", outage.cause));
        Await.until("the alert fires", () -> isUnavailable("firing", outage.cause));
        assertEquals(List.of(Map.of("__name__", "ALERTS", "alertname", "RatingsUnavailable", "alertstate", "firing",
                "severity", "critical", "namespace", "bookinfo", "cause", outage.cause)),
                prometheus.series("ALERTS{alertstate=\"firing\"}"));
        assertFalse(prometheus.series("(" + query("If not, why?") + ") and on (cause) ALERTS").isEmpty());

        restore();
        Await.until("the alert is resolved", () -> prometheus.series("ALERTS{alertstate=\"firing\"}").isEmpty());
        Await.until("no alert is up", () -> prometheus.series("ALERTS").isEmpty());
        assertEquals(List.of(Map.of("alertname", "RatingsUnavailable")),
                prometheus.series("count by (alertname) (count_over_time(ALERTS{alertstate=\"firing\"}["
                        + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin) + "s]))"),
                "no other alert has fired meanwhile");
    }

    private static boolean isUnavailable(String state, String cause) {
        return !prometheus
                .series("ALERTS{alertname=\"RatingsUnavailable\",alertstate=\"" + state + "\",cause=\"" + cause
                        + "\"}")
                .isEmpty();
    }

    /** An alert on a metric that is not there would never fire. */
    @Test
    void alerts_everyMetricThatTheyAskFor_isThere() throws IOException {
        Set<String> metrics = new TreeSet<>();
        Pattern.compile("\\b(ratings|http|process)_\\w+").matcher(Files.readString(Prometheus.RULES)).results()
                .forEach(metric -> metrics.add(metric.group()));

        assertFalse(metrics.isEmpty());
        metrics.removeIf(metric -> !prometheus.series(metric + OURS).isEmpty());
        assertEquals(Set.of(), metrics);
    }

    @Test
    void dashboard_everyQuery_givesData() throws IOException {
        for (JsonNode panel : dashboard().path("panels")) {
            for (JsonNode target : panel.path("targets")) {
                String query = substituted(target.path("expr").asText());
                Await.until(query, () -> !prometheus.series(query).isEmpty());
            }
        }
    }

    @Test
    void dashboard_variableNamespace_offersOurs() throws IOException {
        JsonNode variable = dashboard().path("templating").path("list").get(1);
        Matcher values = Pattern.compile("label_values\\((\\w+), (\\w+)\\)")
                .matcher(variable.path("query").path("query")
                        .asText());

        assertEquals(true, values.matches());
        assertEquals(List.of(Map.of(variable.path("name").asText(), "bookinfo")),
                prometheus.series("group by (" + values.group(2) + ") (" + values.group(1) + ")"));
    }

    private static String query(String title) {
        try {
            for (JsonNode panel : dashboard().path("panels")) {
                if (panel.path("title").asText().equals(title)) {
                    return substituted(panel.path("targets").get(0).path("expr").asText());
                }
            }
            throw new AssertionError("no panel " + title);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static JsonNode dashboard() throws IOException {
        return JSON.readTree(Manifests.CHART.resolve("files/dashboard.json").toFile());
    }

    /** As Grafana does. */
    private static String substituted(String query) {
        String substituted = query.replace("$namespace", "bookinfo").replace("$__rate_interval", "5s");
        assertFalse(substituted.contains("$"), substituted);
        return substituted;
    }
}
