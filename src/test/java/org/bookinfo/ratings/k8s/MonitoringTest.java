package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.Rule;
import org.bookinfo.ratings.testing.Prometheus;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The PodMonitor, the alerts and the dashboard as the chart renders them. MonitoringIT runs their queries.
 */
class MonitoringTest {

    private static final Path DASHBOARD = Manifests.CHART.resolve("files/dashboard.json");

    /** In Grafana's units; the height is that of a screen of 1080 lines. */
    private static final int HEIGHT = 25;
    private static final int WIDTH = 24;

    /** Without a sidecar, the annotations stay as they are. */
    @Test
    void podMonitor_port_isThatOfTheAnnotations() {
        Manifests manifests = Manifests.chart("metrics: {podMonitor: {enabled: true}}");

        JsonNode endpoint = manifests.at("PodMonitor/ratings-v2-mysql", "/spec/podMetricsEndpoints/0");
        JsonNode annotations = manifests.at("Deployment/ratings-v2-mysql", "/spec/template/metadata/annotations");
        assertEquals(ChartTest.container(manifests).getPorts().get(0).getName(), endpoint.path("port").asText());
        assertEquals(ChartTest.container(manifests).getPorts().get(0).getContainerPort().toString(),
                annotations.path("prometheus.io/port").asText());
        assertEquals(annotations.path("prometheus.io/path"), endpoint.path("path"));
    }

    @Test
    void alerts_each_haveSeverityTimeTextAndARowInTheDocs() throws IOException {
        PrometheusRule object = Manifests.chart("metrics: {prometheusRule: {enabled: true}}").the(PrometheusRule.class);
        List<Rule> rules = object.getSpec().getGroups().get(0).getRules();

        for (Rule rule : rules) {
            assertTrue(rule.getFor().matches("[0-9]+m"), rule.getAlert());
            assertEquals(Set.of("summary", "description"), rule.getAnnotations().keySet(), rule.getAlert());
        }
        assertEquals(rules.stream().map(rule -> rule.getAlert() + " " + rule.getLabels().get("severity")).toList(),
                Pattern.compile("(?m)^\\| `(Ratings\\w+)` \\| (critical|warning) ")
                        .matcher(Files.readString(Path.of("docs", "operations.md"))).results()
                        .map(row -> row.group(1) + " " + row.group(2)).toList());
        assertEquals(Manifests.YAML.readTree(Prometheus.RULES.toFile()).path("groups"),
                Manifests.YAML.valueToTree(object.getSpec()).path("groups"));
    }

    @Test
    void dashboard_inItsConfigMap_isTheFile() throws IOException {
        ConfigMap dashboard = Manifests.chart("metrics: {dashboard: {enabled: true}}").the(ConfigMap.class);

        assertEquals(Files.readString(DASHBOARD), dashboard.getData().get("ratings-v2-mysql.json"));
    }

    @Test
    void dashboard_panels_fillOneScreenSideBySide() throws IOException {
        Set<String> covered = new TreeSet<>();
        for (JsonNode panel : panels()) {
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

    @Test
    void dashboard_panels_haveUnitsTextAndTheChosenSource() throws IOException {
        for (JsonNode panel : panels()) {
            assertFalse(panel.path("fieldConfig").path("defaults").path("unit").asText().isEmpty(), panel.toString());
            assertFalse(panel.path("description").asText().isEmpty(), panel.toString());
            assertEquals("${datasource}", panel.path("datasource").path("uid").asText());
            for (JsonNode target : panel.path("targets")) {
                assertEquals("${datasource}", target.path("datasource").path("uid").asText());
            }
        }
    }

    /** A native executable lacks some of the JVM's metrics. */
    @Test
    void dashboard_queries_askForTheChosenNamespaceOnly() throws IOException {
        for (JsonNode panel : panels()) {
            for (JsonNode target : panel.path("targets")) {
                String query = target.path("expr").asText();
                Pattern.compile("\\b[a-z]+(_[a-z]+){2,}\\b(?!\\()(.{0,24})").matcher(query).results()
                        .forEach(metric -> assertTrue(metric.group(2).startsWith("{namespace=\"$namespace\""), query));
                assertFalse(query.matches(".*jvm_(gc_pause|threads_states|memory_max|classes).*"), query);
            }
        }
    }

    private static JsonNode panels() throws IOException {
        return Manifests.YAML.readTree(DASHBOARD.toFile()).path("panels");
    }
}
