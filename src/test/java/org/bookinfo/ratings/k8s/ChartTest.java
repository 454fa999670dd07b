package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import io.fabric8.istio.api.networking.v1.DestinationRule;
import io.fabric8.istio.api.networking.v1.VirtualService;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What the chart renders for its values, and which values it refuses. PlainFilesTest compares whole objects.
 */
class ChartTest {

    private static final Path SETTINGS = Path.of("src/main/resources/application.properties");
    private static final String DEPLOYMENT = "Deployment/ratings-v2-mysql";

    private static final List<String> EGRESS = List.of("egress: {mode: none}",
            "egress: {mode: address, addresses: [10.0.0.1]}", "egress: {mode: range, ranges: [10.0.0.0/8]}",
            "egress: {mode: name}", "egress: {mode: gateway, addresses: [10.0.0.1]}",
            "egress: {mode: waypoint, addresses: [10.0.0.1]}");

    /** Each row is one choice. */
    private static final List<List<String>> VARIANTS = List.of(EGRESS,
            List.of("routing: {mode: virtualService}", "routing: {mode: httpRoute}"),
            List.of("networkPolicy: {enabled: true}"),
            List.of("authorization: {enabled: true}"),
            List.of("autoscaling: {enabled: true}"),
            List.of("service: {enabled: true}"),
            List.of("metrics: {podMonitor: {enabled: true}}", "metrics: {prometheusRule: {enabled: true}}",
                    "metrics: {dashboard: {enabled: true}}"),
            List.of("database: {existingSecret: mine}", "database: {user: u, password: p}",
                    "database: {sslMode: VERIFY_CA, trustStore: {existingSecret: ca}}"));

    /** Some choices need it. */
    private static final String HOST = "database: {host: db.internal}";

    static Stream<JsonNode> accepted() throws IOException {
        return rows("accepted.yaml");
    }

    static Stream<JsonNode> refused() throws IOException {
        return rows("refused.yaml");
    }

    private static Stream<JsonNode> rows(String file) throws IOException {
        Path path = Path.of("src", "test", "resources", "k8s", file);
        return StreamSupport.stream(Manifests.YAML.readTree(path.toFile()).spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void value_thatCanWork_isRendered(JsonNode row) {
        Manifests manifests = Manifests.chart(row.path("values").toString());

        if (row.has("added")) {
            List<String> names = new ArrayList<>(manifests.names());
            names.removeAll(List.of(DEPLOYMENT, "ServiceAccount/bookinfo-ratings-v2-mysql"));
            assertEquals(row.path("added").asText(), String.join(" ", names));
        }
        row.properties().stream().filter(part -> part.getKey().contains(" ")).forEach(part -> {
            String[] path = part.getKey().replace("Container /", "Pod /containers/0/")
                    .replace("Pod /", DEPLOYMENT + " /spec/template/spec/").split(" ");
            JsonNode actual = manifests.at(path[0], path[1]);
            assertEquals(part.getValue(), actual.isMissingNode() ? NullNode.instance : actual, part.getKey());
        });
        assertReferencesHold(manifests);
    }

    @ParameterizedTest
    @MethodSource("refused")
    void value_thatCannotWork_isRefusedByItsNameAndReason(JsonNode row) {
        String message = assertThrows(IllegalStateException.class,
                () -> Manifests.chart(row.path(0).toString())).getMessage();

        assertTrue(message.contains(row.path(1).asText()), message);
        assertFalse(message.contains("hush"), "shows the password: " + message);
    }

    /** A value without a right and a wrong case is not tested. */
    @Test
    void values_each_haveACaseOfBothKinds() throws IOException {
        Set<String> values = new TreeSet<>();
        collect("", Manifests.YAML.readTree(Manifests.CHART.resolve("values.yaml").toFile()), values);
        for (List<JsonNode> cases : List.of(accepted().map(row -> row.path("values")).toList(),
                refused().map(row -> row.path(0)).toList())) {
            assertEquals(List.of(), values.stream()
                    .filter(value -> cases.stream().allMatch(row -> row.at(value).isMissingNode())).toList());
        }
    }

    private static void collect(String path, JsonNode node, Set<String> values) {
        if (!node.isObject() || node.isEmpty() || path.matches("/resources|/podAnnotations|.*/labels")) {
            values.add(path);
        } else {
            node.properties().forEach(field -> collect(path + "/" + field.getKey(), field.getValue(), values));
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void variants_anyTwo_renderOrAreRefusedInOneSentence(String first, String second) {
        if (first.contains("mode: name") && second.startsWith("networkPolicy")
                || first.startsWith("authorization") && second.startsWith("service")) {
            assertThrows(IllegalStateException.class, () -> Manifests.chart(HOST, first, second));
            return;
        }
        assertReferencesHold(Manifests.chart(HOST, first, second));
    }

    static Stream<Object[]> pairs() {
        return IntStream.range(1, VARIANTS.size()).boxed().flatMap(i -> VARIANTS.get(i).stream()
                .flatMap(second -> VARIANTS.subList(0, i).stream().flatMap(List::stream)
                        .map(first -> new Object[]{first, second})));
    }

    /** Behind one egress gateway, a name that two namespaces share would lead to one of their two databases. */
    @Test
    void egress_ofAnotherNamespace_hasNamesOfItsOwn() {
        for (String egress : EGRESS) {
            String rendered = Manifests.rendered("staging", egress, HOST);
            assertEquals(!egress.matches(".*mode: (none|name).*"), rendered.contains("staging.mysql.external"), egress);
            assertFalse(rendered.contains("bookinfo.mysql.external"), egress);
        }
    }

    @ParameterizedTest
    @CsvSource({"virtualService, VirtualService/ratings, /spec/http/0/timeout",
            "httpRoute, HTTPRoute/ratings, /spec/rules/0/timeouts/request"})
    void routes_timeout_isBetweenTheDeadlineAndReviewsPatience(String mode, String route, String path)
            throws IOException {
        String deadline = Files.readString(SETTINGS).replaceFirst("(?s).*RATINGS_DEADLINE:(\\w+).*", "$1");

        Duration timeout = Duration.parse(
                "PT" + Manifests.chart("routing: {mode: " + mode + "}").at(route, path).asText());
        assertTrue(timeout.compareTo(Duration.parse("PT" + deadline)) > 0, deadline);
        assertTrue(timeout.toMillis() < 2500, timeout::toString);
    }

    @Test
    void chart_linted_hasNoFault() throws IOException {
        LintResult result = new Helm(Manifests.CHART).lint().strict().call();

        assertFalse(result.isFailed(), result.getMessages()::toString);
        JsonNode chart = Manifests.YAML.readTree(Manifests.CHART.resolve("Chart.yaml").toFile());
        assertTrue(Files.readString(Path.of("pom.xml")).contains("<artifactId>ratings</artifactId>\n  <version>"
                + chart.path("version").asText() + "<"));
        assertEquals(chart.path("version"), chart.path("appVersion"));
    }

    @ParameterizedTest
    @CsvSource({"networking.istio.io/v1, adresses, adresses", "networking.istio.io/v1beta1, hosts, not stable"})
    void parsing_unknownFieldOrVersion_fails(String version, String field, String expected) {
        String yaml = "{apiVersion: %s, kind: ServiceEntry, metadata: {name: a}, spec: {%s: [a]}}";

        String message = assertThrows(AssertionError.class, () -> new Manifests(yaml.formatted(version, field)))
                .getMessage();
        assertTrue(message.contains(expected), message);
    }

    static Container container(Manifests manifests) {
        List<Container> containers = manifests.the(Deployment.class).getSpec().getTemplate().getSpec().getContainers();
        assertEquals(1, containers.size());
        return containers.get(0);
    }

    /** Subsets, selectors and ports that one object names are those of another. */
    private static void assertReferencesHold(Manifests manifests) {
        Deployment deployment = manifests.the(Deployment.class);
        Map<String, String> labels = deployment.getSpec().getTemplate().getMetadata().getLabels();
        assertTrue(labels.entrySet().containsAll(deployment.getSpec().getSelector().getMatchLabels().entrySet()));
        for (Service service : manifests.all(Service.class)) {
            assertTrue(labels.entrySet().containsAll(service.getSpec().getSelector().entrySet()), service.toString());
            service.getSpec().getPorts().forEach(port -> assertEquals(
                    container(manifests).getPorts().get(0).getName(), port.getTargetPort().getStrVal()));
        }
        Set<String> subsets = manifests.all(DestinationRule.class).stream()
                .flatMap(rule -> rule.getSpec().getSubsets().stream()
                        .map(subset -> rule.getSpec().getHost() + " " + subset.getName()))
                .collect(Collectors.toSet());
        manifests.all(VirtualService.class).stream().flatMap(route -> route.getSpec().getHttp().stream())
                .flatMap(http -> http.getRoute().stream()).map(route -> route.getDestination())
                .forEach(to -> assertTrue(subsets.contains(to.getHost() + " " + to.getSubset()), to.toString()));
    }
}
