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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import io.fabric8.istio.api.networking.v1.DestinationRule;
import io.fabric8.istio.api.networking.v1.VirtualService;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What the chart renders for its values, and which values it refuses. PlainFilesTest compares whole objects.
 */
class ChartTest {

    private static final Path CASES = Path.of("src", "test", "resources", "k8s");

    private static final String DEPLOYMENT = "Deployment/ratings-v2-mysql";
    private static final String POD = "/spec/template/spec";

    /** Each row is one choice; the rows of pairs() combine one choice of two of them. */
    private static final List<List<String>> VARIANTS = List.of(
            List.of("egress: {mode: none}", "egress: {mode: address, addresses: [10.0.0.1]}",
                    "egress: {mode: range, ranges: [10.0.0.0/8]}", "egress: {mode: name}",
                    "egress: {mode: gateway, addresses: [10.0.0.1]}",
                    "egress: {mode: waypoint, addresses: [10.0.0.1]}"),
            List.of("routing: {mode: none}", "routing: {mode: virtualService}", "routing: {mode: httpRoute}"),
            List.of("networkPolicy: {enabled: false}", "networkPolicy: {enabled: true}"),
            List.of("authorization: {enabled: false}", "authorization: {enabled: true}"),
            List.of("autoscaling: {enabled: false}", "autoscaling: {enabled: true}"),
            List.of("service: {enabled: false}", "service: {enabled: true}"),
            List.of("metrics: {podMonitor: {enabled: true}}", "metrics: {prometheusRule: {enabled: true}}",
                    "metrics: {dashboard: {enabled: true}}"),
            List.of("database: {existingSecret: mine}", "database: {user: u, password: p}",
                    "database: {trustStore: {existingSecret: ca}}"));

    /** Some choices need it. */
    private static final String HOST = "database: {host: db.internal}";

    static Stream<JsonNode> accepted() throws IOException {
        return rows("accepted.yaml");
    }

    static Stream<JsonNode> refused() throws IOException {
        return rows("refused.yaml");
    }

    private static Stream<JsonNode> rows(String file) throws IOException {
        return StreamSupport.stream(Manifests.YAML.readTree(CASES.resolve(file).toFile()).spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void value_thatCanWork_isRendered(JsonNode row) {
        Manifests manifests = Manifests.chart(row.path("values").toString());

        row.properties().stream().filter(part -> !part.getKey().equals("values")).forEach(part -> {
            String[] path = part.getKey().replace("Container /", DEPLOYMENT + " " + POD + "/containers/0/")
                    .replace("Pod /", DEPLOYMENT + " " + POD + "/").split(" ");
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
            Set<String> missing = new TreeSet<>(values);
            missing.removeIf(value -> cases.stream().anyMatch(row -> row.at(value).isValueNode()
                    || row.at(value).isContainerNode()));
            assertEquals(Set.of(), missing);
        }
    }

    private static void collect(String path, JsonNode node, Set<String> values) {
        if (!node.isObject() || node.isEmpty()
                || path.matches("/resources|/podAnnotations|.*/(selector|labels|user)")) {
            values.add(path);
        } else {
            node.properties().forEach(field -> collect(path + "/" + field.getKey(), field.getValue(), values));
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void variants_anyTwo_renderOrAreRefusedInOneSentence(String first, String second) {
        boolean together = !(first.contains("name") && second.contains("networkPolicy: {enabled: true"))
                && !(first.contains("authorization: {enabled: true") && second.contains("service: {enabled: true"));
        if (!together) {
            assertThrows(IllegalStateException.class, () -> Manifests.chart(HOST, first, second));
            return;
        }
        Manifests manifests = Manifests.chart(HOST, first, second);

        assertReferencesHold(manifests);
        assertRestricted(manifests.the(Deployment.class).getSpec().getTemplate().getSpec());
    }

    static List<List<String>> pairsOfVariants() {
        List<List<String>> pairs = new ArrayList<>();
        for (int i = 0; i < VARIANTS.size(); i++) {
            for (List<String> others : VARIANTS.subList(i + 1, VARIANTS.size())) {
                VARIANTS.get(i).forEach(one -> others.forEach(other -> pairs.add(List.of(one, other))));
            }
        }
        return pairs;
    }

    static Stream<Object[]> pairs() {
        return pairsOfVariants().stream().map(List::toArray);
    }

    /** Each object that a variant adds to the default ones. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {} |
            egress: {mode: address, addresses: [10.0.0.1]} | ServiceEntry/mysql-external
            routing: {mode: virtualService} | DestinationRule/r.* VirtualService/ratings VirtualService/reviews
            routing: {mode: httpRoute} | HTTPRoute/ratings HTTPRoute/reviews Service/ratings-v2-mysql
            {routing: {mode: virtualService}, service: {enabled: true}} | DestinationRule/r.* Service/ratings VirtualS.*
            {routing: {mode: httpRoute}, service: {enabled: true}} | HTTPRoute/ratings Service/r.*
            autoscaling: {enabled: true} | HorizontalPodAutoscaler/ratings-v2-mysql PodDisruptionBudget/ratings-v2-mysql
            authorization: {enabled: true} | AuthorizationPolicy/ratings-v2-mysql PeerAuthentication/ratings-v2-mysql
            """)
    void variant_addsToTheDefault_itsObjectsOnly(String values, String expected) {
        Set<String> added = new TreeSet<>(Manifests.chart(values).names());
        added.removeAll(Set.of(DEPLOYMENT, "ServiceAccount/bookinfo-ratings-v2-mysql"));

        String names = String.join(" ", added);
        assertTrue(names.matches(expected == null ? "" : expected), names);
    }

    /** Behind one egress gateway, a name that two namespaces share would lead to one of their two databases. */
    @Test
    void egress_ofAnotherNamespace_hasNamesOfItsOwn() {
        for (String egress : VARIANTS.get(0)) {
            String rendered = Manifests.rendered("staging", egress, HOST);
            assertEquals(!egress.matches(".*mode: (none|name).*"), rendered.contains("staging.mysql.external"), egress);
            assertFalse(rendered.contains("bookinfo.mysql.external"), egress);
        }
    }

    @Test
    void secret_changed_rollsTheDeployment() {
        String annotation = POD.replaceFirst("spec$", "metadata/annotations/checksum~1database");
        List<String> sums = Stream.of("a", "b").map(password -> Manifests
                .chart(HOST, "database: {user: u, password: " + password + "}").at(DEPLOYMENT, annotation).asText())
                .toList();

        assertTrue(sums.get(0).matches("[0-9a-f]{64}"), sums.get(0));
        assertFalse(sums.get(0).equals(sums.get(1)));
    }

    @Test
    void environment_ofTheContainer_isWhatTheApplicationReads() throws IOException {
        Set<String> read = new TreeSet<>();
        try (Stream<Path> files = Files.walk(Path.of("src/main"))) {
            for (Path file : files.filter(path -> path.toString().matches(".*\\.(java|properties)")).toList()) {
                Pattern.compile("\\bMYSQL_DB_[A-Z_]+\\b").matcher(Files.readString(file)).results()
                        .forEach(match -> read.add(match.group()));
            }
        }

        assertEquals(read, container(Manifests.chart()).getEnv().stream().map(EnvVar::getName)
                .filter(name -> name.startsWith("MYSQL")).collect(Collectors.toSet()));
    }

    @Test
    void routes_timeout_isBetweenTheDeadlineAndReviewsPatience() throws IOException {
        Matcher deadline = Pattern.compile("RATINGS_DEADLINE:(\\w+)")
                .matcher(Files.readString(Path.of("src/main/resources/application.properties")));
        assertTrue(deadline.find());

        for (String timeout : List.of(
                Manifests.chart("routing: {mode: virtualService}").at("VirtualService/ratings", "/spec/http/0/timeout")
                        .asText(),
                Manifests.chart("routing: {mode: httpRoute}").at("HTTPRoute/ratings", "/spec/rules/0/timeouts/request")
                        .asText())) {
            Duration duration = Duration.parse("PT" + timeout);
            assertTrue(duration.compareTo(Duration.parse("PT" + deadline.group(1))) > 0, timeout);
            assertTrue(duration.compareTo(Duration.ofMillis(2500)) < 0, timeout);
        }
    }

    /** Istio does not merge a rule with exportTo, and a traffic policy would change Bookinfo's. */
    @Test
    void destinationRules_besideBookinfos_mergeWithThem() {
        for (DestinationRule rule : Manifests.chart("routing: {mode: virtualService}").all(DestinationRule.class)) {
            assertFalse(Set.of("reviews", "ratings").contains(rule.getMetadata().getName()));
            assertNull(rule.getSpec().getTrafficPolicy());
            assertTrue(rule.getSpec().getExportTo().isEmpty());
        }
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
    @CsvSource(delimiter = '|', textBlock = """
            networking.istio.io/v1      | adresses | adresses
            networking.istio.io/v1beta1 | hosts    | networking.istio.io/v1beta1
            """)
    void parsing_unknownFieldOrVersion_fails(String version, String field, String expected) {
        Throwable error = assertThrows(Throwable.class, () -> Manifests.parse("apiVersion: " + version
                + "\nkind: ServiceEntry\nmetadata:\n  name: a\nspec:\n  " + field + ": [a]\n"));

        assertTrue(error.getMessage().contains(expected), error.getMessage());
    }

    static Container container(Manifests manifests) {
        List<Container> containers = manifests.the(Deployment.class).getSpec().getTemplate().getSpec().getContainers();
        assertEquals(1, containers.size());
        return containers.get(0);
    }

    /** Subsets, selectors, ports and volumes that one object names are those of another. */
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
        assertEquals(deployment.getSpec().getTemplate().getSpec().getVolumes().stream().map(Volume::getName).toList(),
                container(manifests).getVolumeMounts().stream().map(VolumeMount::getName).toList());
    }

    /** The rules of the Pod Security Standard "restricted" that concern such a Pod. */
    private static void assertRestricted(PodSpec pod) {
        assertEquals(true, pod.getSecurityContext().getRunAsNonRoot());
        assertEquals("RuntimeDefault", pod.getSecurityContext().getSeccompProfile().getType());
        var context = pod.getContainers().get(0).getSecurityContext();
        assertEquals(false, context.getAllowPrivilegeEscalation());
        assertEquals(List.of("ALL"), context.getCapabilities().getDrop());
        assertNull(pod.getHostNetwork());
        pod.getVolumes().forEach(volume -> assertTrue(volume.getEmptyDir() != null || volume.getSecret() != null));
    }
}
