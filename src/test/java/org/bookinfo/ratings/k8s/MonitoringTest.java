package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.istio.api.security.v1.AuthorizationPolicy;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.openshift.api.model.monitoring.v1.PodMetricsEndpoint;
import io.fabric8.openshift.api.model.monitoring.v1.PodMonitor;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.Rule;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The component for Prometheus's operator and Grafana. What its queries and alerts give, MonitoringIT and AlertsTest ask
 * Prometheus.
 */
class MonitoringTest extends ManifestsFixture {

    private static final Path DASHBOARD = Path.of("k8s", "components", "monitoring", "dashboard.json");

    /** In Grafana's units of height, which is what a screen of 1080 lines has. */
    private static final int SCREEN = 25;
    private static final int WIDTH = 24;

    @Test
    void component_inAKustomization_selectsOurPodsAndTheirPort() throws IOException {
        Manifests manifests = k8s.build(List.of("."), List.of("components/monitoring"));

        assertSelectorsMatch(manifests);
        for (Map<String, String> labels : List.of(manifests.the(PodMonitor.class).getMetadata().getLabels(),
                manifests.the(PrometheusRule.class).getMetadata().getLabels(),
                manifests.the(ConfigMap.class).getMetadata().getLabels())) {
            assertTrue(labels.entrySet().containsAll(OUR_LABELS.entrySet()), labels.toString());
        }
    }

    /** Where there is no sidecar, the annotations stay as they are. */
    @Test
    void podMonitor_port_isThatOfTheAnnotations() throws IOException {
        Manifests manifests = k8s.build(List.of("workload"), List.of("components/monitoring"));

        Deployment deployment = manifests.the(Deployment.class);
        PodMetricsEndpoint endpoint = manifests.the(PodMonitor.class).getSpec().getPodMetricsEndpoints().get(0);
        Map<String, String> annotations = deployment.getSpec().getTemplate().getMetadata().getAnnotations();
        assertEquals(container(deployment).getPorts().get(0).getName(), endpoint.getPort());
        assertEquals(annotations.get("prometheus.io/port"),
                container(deployment).getPorts().get(0).getContainerPort().toString());
        assertEquals(annotations.get("prometheus.io/path"), endpoint.getPath());
    }

    @Test
    void alerts_each_haveSeverityTimeAndWords() throws IOException {
        List<Rule> rules = k8s.build(List.of("workload"), List.of("components/monitoring")).the(PrometheusRule.class)
                .getSpec().getGroups().get(0).getRules();

        assertFalse(rules.isEmpty());
        for (Rule rule : rules) {
            assertTrue(Set.of("critical", "warning").contains(rule.getLabels().get("severity")), rule.getAlert());
            assertTrue(rule.getFor().matches("[0-9]+m"), rule.getAlert());
            assertEquals(Set.of("summary", "description"), rule.getAnnotations().keySet(), rule.getAlert());
        }
    }

    @Test
    void operations_tableOfAlerts_hasThoseThatThereAre() throws IOException {
        List<String> alerts = k8s.build(List.of("workload"), List.of("components/monitoring")).the(PrometheusRule.class)
                .getSpec().getGroups().get(0).getRules().stream()
                .map(rule -> rule.getAlert() + " " + rule.getLabels().get("severity")).toList();
        List<String> documented = new ArrayList<>();
        for (Matcher row = Pattern.compile("(?m)^\\| `(Ratings\\w+)` \\| (\\w+) ").matcher(operations()); row.find();) {
            documented.add(row.group(1) + " " + row.group(2));
        }

        assertEquals(alerts, documented);
    }

    @Test
    void operations_examples_build() throws IOException {
        List<String> examples = new ArrayList<>();
        for (Matcher block = Pattern.compile("(?s)\n```yaml\n(.*?)```\n").matcher(operations()); block.find();) {
            examples.add(block.group(1));
        }

        assertEquals(2, examples.size());
        Manifests labelled = k8s.buildOwn("resources:\n- ../k8s/workload\n" + examples.get(0));
        assertEquals("kube-prometheus-stack", labelled.the(PodMonitor.class).getMetadata().getLabels().get("release"));
        assertEquals("kube-prometheus-stack",
                labelled.the(PrometheusRule.class).getMetadata().getLabels().get("release"));
        AuthorizationPolicy policy = (AuthorizationPolicy) Manifests.parse(examples.get(1)).get(0);
        assertMatches(policy.getSpec().getSelector().getMatchLabels(), labelled.the(Deployment.class));
    }

    private static String operations() throws IOException {
        return Files.readString(Path.of("docs", "operations.md")).replaceFirst("(?s).*\n## Dashboard and alerts\n", "")
                .replaceFirst("(?s)\n## .*", "");
    }

    @Test
    void dashboard_inItsConfigMap_isTheFileAndIsFound() throws IOException {
        ConfigMap dashboard = k8s.build(List.of("workload"), List.of("components/monitoring")).the(ConfigMap.class);

        assertEquals("1", dashboard.getMetadata().getLabels().get("grafana_dashboard"));
        assertEquals(Map.of("ratings-v2-mysql.json", Files.readString(DASHBOARD)), dashboard.getData());
    }

    @Test
    void dashboard_panels_fillOneScreenSideBySide() throws IOException {
        Set<String> covered = new TreeSet<>();
        for (JsonNode panel : panels()) {
            JsonNode at = panel.path("gridPos");
            for (int x = at.path("x").asInt(); x < at.path("x").asInt() + at.path("w").asInt(); x++) {
                for (int y = at.path("y").asInt(); y < at.path("y").asInt() + at.path("h").asInt(); y++) {
                    assertTrue(x < WIDTH && y < SCREEN && covered.add(x + "," + y),
                            panel.path("title").asText() + " at " + x + "," + y);
                }
            }
        }
        assertEquals(WIDTH * SCREEN, covered.size());
    }

    @Test
    void dashboard_panels_haveUnitsAndTheChosenSource() throws IOException {
        for (JsonNode panel : panels()) {
            assertFalse(panel.path("fieldConfig").path("defaults").path("unit").asText().isEmpty(), panel.toString());
            assertFalse(panel.path("description").asText().isEmpty(), panel.toString());
            assertEquals("${datasource}", panel.path("datasource").path("uid").asText());
            for (JsonNode target : panel.path("targets")) {
                assertEquals("${datasource}", target.path("datasource").path("uid").asText());
            }
        }
    }

    /** Nor what a native executable does not tell, or what is wrong there. */
    @Test
    void dashboard_queries_askOfTheChosenNamespaceOnly() throws IOException {
        for (JsonNode panel : panels()) {
            for (JsonNode target : panel.path("targets")) {
                String query = target.path("expr").asText();
                for (Matcher metric = Pattern.compile("\\b[a-z]+(_[a-z]+){2,}\\b(?!\\()(.{0,24})")
                        .matcher(query); metric
                                .find();) {
                    assertTrue(metric.group(2).startsWith("{namespace=\"$namespace\""), query);
                }
                assertFalse(query.matches(".*jvm_(gc_pause|threads_states|memory_max|classes).*"), query);
            }
        }
    }

    private static JsonNode panels() throws IOException {
        return new ObjectMapper().readTree(DASHBOARD.toFile()).path("panels");
    }
}
