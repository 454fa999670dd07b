package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.fabric8.istio.api.networking.v1.ServiceEntry;
import io.fabric8.istio.api.security.v1.AuthorizationPolicy;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.openshift.api.model.monitoring.v1.PodMonitor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Each folder and any combination, built with {@code kubectl kustomize} as users build them. Every build also parses
 * strictly: see {@link Manifests}.
 */
class BuildsTest extends ManifestsFixture {

    /** Does not go with authorization: nobody could call the service. */
    private static final Set<String> REFUSED = Set.of("components/authorization", "components/standalone");

    private static final List<String> COMPONENTS = List.of("authorization", "monitoring", "network-policy", "scale",
            "standalone", "trust-store");

    @Test
    void install_default_isWorkloadRoutingAndEgressByAddress() {
        List<String> names = k8s.build(".").names();

        assertEquals(List.of("Deployment ratings-v2-mysql", "DestinationRule ratings-v2-mysql",
                "DestinationRule reviews-v3", "Secret ratings-database",
                "ServiceAccount bookinfo-ratings-v2-mysql", "ServiceEntry mysql-external",
                "VirtualService ratings", "VirtualService reviews"),
                names.stream().map(ManifestsFixture::withoutHash).toList());
    }

    @Test
    void parts_eachAlone_togetherAreTheInstall() {
        List<String> parts = Stream.of("workload", "routing", "egress/by-address")
                .flatMap(part -> k8s.build(part).names().stream()).sorted().toList();

        assertEquals(k8s.build(".").names(), parts);
    }

    @ParameterizedTest
    @MethodSource("kustomizations")
    void kustomization_alone_builds(String name) {
        assertFalse(k8s.build(name).names().isEmpty());
    }

    /** Every folder with objects to apply; those named values make patches of a database's values. A new one is found by itself. */
    static List<String> kustomizations() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("k8s"))) {
            return files.filter(file -> file.endsWith("kustomization.yaml")).map(Path::getParent)
                    .filter(parent -> !parent.endsWith("values") && !parent.startsWith("k8s/values")
                            && !parent.startsWith("k8s/components"))
                    .map(parent -> Path.of("k8s").relativize(parent).toString())
                    .map(name -> name.isEmpty() ? "." : name).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void components_inAnyCombination_buildAndMeetRestricted(List<String> components) throws IOException {
        Manifests manifests = k8s.build(List.of("workload", "routing", "egress/by-range"), components);

        Deployment deployment = manifests.the(Deployment.class);
        assertRestricted(deployment.getSpec().getTemplate().getSpec());
        assertSelectorsMatch(manifests);
        assertEquals(components.contains("components/scale"), deployment.getSpec().getReplicas() == null,
                "replicas are the autoscaler's where there is one, and ours where there is none");
        assertEquals(components.contains("components/standalone") ? 1 : 0, manifests.all(Service.class).size());
        assertEquals(components.contains("components/authorization") ? 1 : 0,
                manifests.all(AuthorizationPolicy.class).size());
        assertEquals(components.contains("components/network-policy") ? 1 : 0,
                manifests.all(NetworkPolicy.class).size());
        assertEquals(components.contains("components/monitoring") ? 1 : 0, manifests.all(PodMonitor.class).size());
        assertEquals(components.contains("components/trust-store") ? 2 : 1, manifests.all(Secret.class).size());
    }

    static List<List<String>> combinations() throws IOException {
        try (Stream<Path> folders = Files.list(Path.of("k8s/components"))) {
            assertEquals(COMPONENTS, folders.map(path -> path.getFileName().toString()).sorted().toList());
        }
        return IntStream.range(0, 1 << COMPONENTS.size())
                .mapToObj(set -> IntStream.range(0, COMPONENTS.size()).filter(i -> (set >> i & 1) == 1)
                        .mapToObj(i -> "components/" + COMPONENTS.get(i)).toList())
                .filter(components -> !components.containsAll(REFUSED)).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"authorization", "standalone"})
    void wholeInstall_allComponentsButOne_builds(String left) throws IOException {
        Manifests manifests = k8s.build(List.of("."), COMPONENTS.stream().filter(name -> !name.equals(left))
                .map(name -> "components/" + name).toList());

        assertSelectorsMatch(manifests);
    }

    @ParameterizedTest
    @ValueSource(strings = {"by-address", "by-gateway", "by-waypoint", "by-range", "by-name"})
    void everyEgress_withEitherRouting_builds(String egress) throws IOException {
        for (String routing : List.of("routing", "routing-gateway-api")) {
            Manifests manifests = k8s.build(List.of("workload", routing, "egress/" + egress),
                    List.of("components/authorization", "components/scale"));

            assertSelectorsMatch(manifests);
            assertEquals("mysql-external", manifests.the(ServiceEntry.class).getMetadata().getName());
        }
    }

    @ParameterizedTest
    @CsvSource({"authorization, standalone", "standalone, authorization"})
    void standaloneAndAuthorization_inEitherOrder_areRefused(String first, String second) throws IOException {
        String refusal = k8s.refusal(List.of("."), List.of("components/" + first, "components/" + second));

        assertTrue(refusal.contains("standalone and authorization do not go together"), refusal);
    }

    @ParameterizedTest
    @ValueSource(strings = {"workload/base", "workload/own-secret", "routing", "routing-gateway-api",
            "egress/by-address/base", "egress/by-range/base", "egress/by-name/base", "egress/by-gateway/base",
            "egress/by-waypoint/base", "egress/gateway-port", "environments/example"})
    void freshClone_withoutDatabaseEnv_builds(String name) throws IOException {
        Files.delete(k8s.path("database/database.env"));

        assertFalse(k8s.build(name).names().isEmpty());
    }

    @Test
    void parsing_unknownField_fails() {
        AssertionError error = assertThrows(AssertionError.class, () -> Manifests.parse("""
                apiVersion: networking.istio.io/v1
                kind: ServiceEntry
                metadata:
                  name: any
                spec:
                  adresses: [192.0.2.1]
                """));

        assertTrue(error.getMessage().contains("adresses"), error.getMessage());
    }

    @Test
    void parsing_anotherApiVersion_fails() {
        assertThrows(NullPointerException.class, () -> Manifests.parse("""
                apiVersion: networking.istio.io/v1beta1
                kind: ServiceEntry
                """));
    }

    @Test
    void databaseEnv_missing_isNamed() throws IOException {
        Files.delete(k8s.path("database/database.env"));

        assertTrue(Manifests.refusal(k8s.path(".")).contains("database/database.env"));
    }

    @Test
    void password_inTheOutput_standsInTheSecretOnly() throws IOException {
        String encoded = Base64.getEncoder().encodeToString(PASSWORD.getBytes(StandardCharsets.UTF_8));
        for (String name : kustomizations()) {
            Manifests manifests = k8s.build(name);
            assertFalse(manifests.yaml().contains("s3cret"), name);
            assertFalse(manifests.yaml().contains("kind: ConfigMap"), name);
            assertEquals(manifests.all(Secret.class).size(), manifests.yaml().split(Pattern.quote(encoded)).length - 1,
                    name);
        }
    }
}
