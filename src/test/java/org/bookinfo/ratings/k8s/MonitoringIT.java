package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
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
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The packaged application, scraped by Prometheus as the PodMonitor says: which alerts an outage causes, and the
 * dashboard's queries. A minute of the alerts' is a second here.
 */
class MonitoringIT {

    private static final String OURS = "{namespace=\"bookinfo\",pod=\"ratings-v2-mysql-1\",container=\"ratings\"}";

    /** As Prometheus's operator makes it of the PodMonitor. Only the annotations lead to the service. */
    private static final String CONFIGURATION = """
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: [rules.yaml]
            scrape_configs:
            - job_name: bookinfo/ratings-v2-mysql
              metrics_path: /nowhere
              static_configs:
              - targets: ["127.0.0.1:1"]
                labels:
                  {namespace: bookinfo, pod: ratings-v2-mysql-1, container: ratings,
                  __meta_kubernetes_pod_annotation_prometheus_io_port: "%d",
                  __meta_kubernetes_pod_annotation_prometheus_io_path: %s}
              relabel_configs: %s
              metric_relabel_configs: %s
            """;

    private static final ScheduledExecutorService CALLER = Executors.newSingleThreadScheduledExecutor();

    @TempDir
    private static Path folder;

    private static TestDatabase database;
    private static FaultyProxy proxy;
    private static PackagedApplication application;
    private static Prometheus prometheus;

    /** Once, and not before all tests, where it would hide those that are skipped for want of Prometheus. */
    private static void start() throws Exception {
        Prometheus.promtool("--version");
        database = TestDatabase.start();
        proxy = new FaultyProxy(database);
        application = new PackagedApplication(TestDatabase.environment("127.0.0.1", proxy.port())).awaitStart();
        CALLER.scheduleWithFixedDelay(() -> application.http().get("/ratings/0"), 0, 20, TimeUnit.MILLISECONDS);
        Files.writeString(folder.resolve("rules.yaml"),
                Files.readString(Prometheus.RULES).replaceAll("\\b([0-9]+)m\\b", "$1s"));
        JsonNode endpoint = Manifests.chart("metrics: {podMonitor: {enabled: true}}")
                .at("PodMonitor/ratings-v2-mysql", "/spec/podMetricsEndpoints/0");
        prometheus = new Prometheus(folder, CONFIGURATION.formatted(application.port(), endpoint.path("path").asText(),
                endpoint.path("relabelings"), endpoint.path("metricRelabelings"))
                .replace("sourceLabels", "source_labels").replace("targetLabel", "target_label"));
    }

    @AfterAll
    static void stop() throws Exception {
        CALLER.shutdownNow();
        assertTrue(CALLER.awaitTermination(1, TimeUnit.MINUTES));
        for (AutoCloseable started : Arrays.asList(prometheus, application, proxy)) {
            if (started != null) {
                started.close();
            }
        }
    }

    @BeforeEach
    void awaitHealthy() throws Exception {
        if (prometheus == null) {
            start();
        }
        awaitSeries("ratings_database_up" + OURS + " == 1");
    }

    @AfterEach
    void restore() {
        if (prometheus != null) {
            proxy.set(Fault.NONE);
            database.undo();
        }
    }

    private static void awaitSeries(String query) {
        Await.until(query, () -> !prometheus.series(query).isEmpty());
    }

    private static void awaitNone(String query) {
        Await.until("no " + query, () -> prometheus.series(query).isEmpty());
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
    void outage_beginsAndEnds_isPendingThenFiringWithItsCauseThenResolved(Outage outage) throws IOException {
        String alert = "ALERTS{alertname=\"RatingsUnavailable\",cause=\"" + outage.cause + "\",alertstate=\"%s\"}";
        awaitNone("ALERTS");
        long begin = System.nanoTime();
        outage.begin.run();
        awaitSeries(alert.formatted("pending"));
        awaitSeries(alert.formatted("firing"));
        assertEquals(List.of(Map.of("__name__", "ALERTS", "alertname", "RatingsUnavailable", "alertstate", "firing",
                "severity", "critical", "namespace", "bookinfo", "cause", outage.cause)),
                prometheus.series("ALERTS{alertstate=\"firing\"}"));
        JsonNode panel = MonitoringTest.dashboard().at("/panels/2");
        assertEquals("If not, why?", panel.path("title").asText());
        String causes = substituted(panel.at("/targets/0/expr").asText());
        assertFalse(prometheus.series("(" + causes + ") and on (cause) ALERTS").isEmpty());

        restore();
        awaitNone("ALERTS");
        assertEquals(List.of(Map.of("alertname", "RatingsUnavailable")),
                prometheus.series("count by (alertname) (count_over_time(ALERTS{alertstate=\"firing\"}["
                        + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin) + "s]))"),
                "no other alert has fired meanwhile");
    }

    /** An alert on a metric that does not exist would never fire. */
    @Test
    void alerts_everyMetricOfTheirQueries_exists() throws IOException {
        Set<String> metrics = new TreeSet<>();
        Pattern.compile("\\b(ratings|http|process)_\\w+").matcher(Files.readString(Prometheus.RULES)).results()
                .forEach(metric -> metrics.add(metric.group()));

        assertFalse(metrics.isEmpty());
        metrics.removeIf(metric -> !prometheus.series(metric + OURS).isEmpty());
        assertEquals(Set.of(), metrics);
    }

    @Test
    void dashboard_everyQuery_givesData() throws IOException {
        for (JsonNode target : MonitoringTest.dashboard().findValues("targets")) {
            target.findValuesAsText("expr").forEach(query -> awaitSeries(substituted(query)));
        }
    }

    @Test
    void dashboard_variableNamespace_offersOurs() throws IOException {
        JsonNode variable = MonitoringTest.dashboard().at("/templating/list/1");
        Matcher values = Pattern.compile("label_values\\((\\w+), (\\w+)\\)")
                .matcher(variable.at("/query/query").asText());

        assertTrue(values.matches());
        assertEquals(List.of(Map.of(variable.path("name").asText(), "bookinfo")),
                prometheus.series("group by (" + values.group(2) + ") (" + values.group(1) + ")"));
    }

    /** As Grafana does. */
    private static String substituted(String query) {
        String substituted = query.replace("$namespace", "bookinfo").replace("$__rate_interval", "5s");
        assertFalse(substituted.contains("$"), substituted);
        return substituted;
    }
}
