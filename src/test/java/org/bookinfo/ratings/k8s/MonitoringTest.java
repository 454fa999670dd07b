package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import org.bookinfo.ratings.testing.Prometheus;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The alerts and the dashboard as the chart renders them. MonitoringIT runs their queries against the application.
 */
class MonitoringTest {

    /** In Grafana's units; the height is that of a screen of 1080 lines. */
    private static final int HEIGHT = 25;
    private static final int WIDTH = 24;
    private static final Path DASHBOARD = Manifests.CHART.resolve("files/dashboard.json");

    static JsonNode dashboard() throws IOException {
        return Manifests.YAML.readTree(DASHBOARD.toFile());
    }

    @Test
    void alerts_forPrometheus_areValid() throws Exception {
        Prometheus.promtool("check", "rules", Prometheus.RULES.toString());
    }

    @Test
    void alerts_inHoursOfEachKind_fireAsTheyShould() throws Exception {
        Prometheus.promtool("test", "rules", "src/test/prometheus/alerts.test.yaml");
    }

    @Test
    void alerts_each_haveSeverityTimeTextAndARowInTheDocs() throws IOException {
        JsonNode groups = Manifests.chart("metrics: {prometheusRule: {enabled: true}}")
                .at("PrometheusRule/ratings-v2-mysql", "/spec/groups");
        List<String> alerts = new ArrayList<>();
        for (JsonNode rule : groups.path(0).path("rules")) {
            String alert = rule.path("alert").asText();
            assertTrue(rule.path("for").asText().matches("[0-9]+m"), alert);
            assertTrue(rule.path("annotations").hasNonNull("summary"), alert);
            assertTrue(rule.path("annotations").hasNonNull("description"), alert);
            alerts.add(alert + " " + rule.path("labels").path("severity").asText());
        }

        assertEquals(Pattern.compile("(?m)^\\| `(Ratings\\w+)` \\| (critical|warning) ")
                .matcher(Files.readString(Path.of("docs", "operations.md"))).results()
                .map(row -> row.group(1) + " " + row.group(2)).toList(), alerts);
        assertEquals(Manifests.YAML.readTree(Prometheus.RULES.toFile()).path("groups"), groups);
    }

    @Test
    void dashboard_inItsConfigMap_isTheFile() throws IOException {
        ConfigMap dashboard = Manifests.chart("metrics: {dashboard: {enabled: true}}").the(ConfigMap.class);

        assertEquals(Files.readString(DASHBOARD), dashboard.getData().get("ratings-v2-mysql.json"));
    }

    @Test
    void dashboard_panels_fillOneScreenSideBySide() throws IOException {
        Set<String> covered = new TreeSet<>();
        for (JsonNode panel : dashboard().path("panels")) {
            JsonNode at = panel.path("gridPos");
            for (int x = at.path("x").asInt(); x < at.path("x").asInt() + at.path("w").asInt(); x++) {
                for (int y = at.path("y").asInt(); y < at.path("y").asInt() + at.path("h").asInt(); y++) {
                    assertTrue(x < WIDTH && y < HEIGHT && covered.add(x + "," + y),
                            panel.path("title").asText() + " at " + x + "," + y);
                }
            }
        }
        assertEquals(WIDTH * HEIGHT, covered.size());
    }

    /** A native executable lacks some of the JVM's metrics. */
    @Test
    void dashboard_panels_haveUnitTextAndTheChosenSourceAndNamespace() throws IOException {
        for (JsonNode panel : dashboard().path("panels")) {
            assertFalse(panel.path("fieldConfig").path("defaults").path("unit").asText().isEmpty(), panel.toString());
            assertFalse(panel.path("description").asText().isEmpty(), panel.toString());
            assertEquals("${datasource}", panel.path("datasource").path("uid").asText());
            for (JsonNode target : panel.path("targets")) {
                assertEquals("${datasource}", target.path("datasource").path("uid").asText());
                String query = target.path("expr").asText();
                Pattern.compile("\\b[a-z]+(_[a-z]+){2,}\\b(?!\\()(.{0,24})").matcher(query).results()
                        .forEach(metric -> assertTrue(metric.group(2).startsWith("{namespace=\"$namespace\""), query));
                assertFalse(query.matches(".*jvm_(gc_pause|threads_states|memory_max|classes).*"), query);
            }
        }
    }
}
