package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import io.fabric8.istio.api.networking.v1.ServiceEntry;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Several environments, each with values and a Secret of its own: copies of {@code k8s/environments/example}.
 */
class EnvironmentsTest extends ManifestsFixture {

    @BeforeEach
    void onlyWhatGitHas() throws IOException {
        Files.delete(k8s.path("database/database.env"));
    }

    @ParameterizedTest
    @CsvSource({"staging, db.staging.example, 3306, 192.0.2.20/32", "production, db.example, 33060, 198.51.100.7/32"})
    void environment_values_reachServiceAndServiceEntry(String name, String host, int port, String address)
            throws IOException {
        environment(name, host, port, address, "");
        environment("another", "db.another.example", 3307, "203.0.113.1/32", "");

        Manifests manifests = k8s.build("environments/" + name);

        assertOpensTheDatabase(manifests.the(ServiceEntry.class), host, port);
        assertEquals(List.of(address), manifests.the(ServiceEntry.class).getSpec().getAddresses());
        assertEquals(host, variable(manifests, "MYSQL_DB_HOST").getValue());
        assertEquals(String.valueOf(port), variable(manifests, "MYSQL_DB_PORT").getValue());
    }

    @Test
    void environment_hostIsAnAddress_reachesTheServiceAsItIs() throws IOException {
        environment("staging", "2001:db8::10", 3306, "2001:db8::10/128", "");

        Manifests manifests = k8s.build("environments/staging");

        assertOpensTheDatabase(manifests.the(ServiceEntry.class), "mysql.external", 3306);
        assertEquals("2001:db8::10", variable(manifests, "MYSQL_DB_HOST").getValue());
    }

    /** Whatever makes the Secret: nothing here does, and nothing that only the build needs is left over. */
    @Test
    void environment_secret_isOnesOwn() throws IOException {
        environment("staging", "db.example", 3306, "192.0.2.20/32", "");

        Manifests manifests = k8s.build("environments/staging");

        assertEquals(List.of(), manifests.all(Secret.class));
        assertNull(manifests.the(Deployment.class).getMetadata().getAnnotations().get("values"));
        for (String key : List.of("MYSQL_DB_USER", "MYSQL_DB_PASSWORD")) {
            assertEquals("ratings-database/" + key,
                    variable(manifests, key).getValueFrom().getSecretKeyRef().getName() + "/"
                            + variable(manifests, key).getValueFrom().getSecretKeyRef().getKey());
        }
    }

    @Test
    void environment_generatedSecret_isFoundByTheDeployment() throws IOException {
        environment("staging", "db.example", 3306, "192.0.2.20/32", """
                secretGenerator:
                - name: ratings-database
                  literals: [MYSQL_DB_USER=bookinfo, MYSQL_DB_PASSWORD=]
                """);

        Manifests manifests = k8s.build("environments/staging");

        assertEquals(manifests.the(Secret.class).getMetadata().getName(),
                variable(manifests, "MYSQL_DB_USER").getValueFrom().getSecretKeyRef().getName());
    }

    @Test
    void environment_componentsAndImage_areAdded() throws IOException {
        environment("staging", "db.example", 3306, "192.0.2.20/32", """
                components: [../../components/scale]
                images: [{name: bookinfo-ratings-v2-mysql, newName: registry.example/ratings, newTag: 2.0.0}]
                """);

        Manifests manifests = k8s.build("environments/staging");

        assertSelectorsMatch(manifests);
        assertNull(manifests.the(Deployment.class).getSpec().getReplicas());
        assertEquals("registry.example/ratings:2.0.0", container(manifests.the(Deployment.class)).getImage());
    }

    @Test
    void environment_networkPolicy_followsItsValues() throws IOException {
        environment("staging", "db.example", 33060, "192.0.2.20/32", """
                components: [../../components/network-policy/base]
                """);

        var rule = k8s.build("environments/staging").the(NetworkPolicy.class).getSpec().getEgress().get(2);

        assertEquals(33060, rule.getPorts().get(0).getPort().getIntVal());
        assertEquals("192.0.2.20/32", rule.getTo().get(0).getIpBlock().getCidr());
    }

    @Test
    void environment_byGateway_followsItsValues() throws IOException {
        environment("staging", "db.example", 33060, "192.0.2.20/32", "");
        Path staging = k8s.path("environments/staging");
        replace(staging.resolve("kustomization.yaml"), "by-address/base", "by-gateway/base");
        replace(staging.resolve("values/kustomization.yaml"), "(?m)^components:",
                "components:\n- ../../../values/gateway");

        ServiceEntry entry = k8s.build("environments/staging").the(ServiceEntry.class);

        assertEquals("192.0.2.20", entry.getSpec().getEndpoints().get(0).getAddress());
        assertEquals(List.of("db.example"), entry.getSpec().getHosts());
    }

    @Test
    void environment_addressesMalformed_areRefusedByTheNameOfTheLine() throws IOException {
        environment("staging", "db.example", 3306, "256.1.1.1", "");

        assertTrue(Manifests.refusal(k8s.path("environments/staging")).contains("EGRESS_ADDRESSES"));
    }

    /** A copy of the example, as a user makes it. */
    private void environment(String name, String host, int port, String address, String more) throws IOException {
        Path example = k8s.path("environments/example");
        Path copy = Files.createDirectories(k8s.path("environments/" + name + "/values")).getParent();
        Files.writeString(copy.resolve("kustomization.yaml"),
                Files.readString(example.resolve("kustomization.yaml")) + more);
        Files.copy(example.resolve("values/kustomization.yaml"), copy.resolve("values/kustomization.yaml"));
        Files.writeString(copy.resolve("values/database.yaml"),
                Files.readString(example.resolve("values/database.yaml"))
                        .replaceFirst("(MYSQL_DB_HOST:).*", "$1 '" + host + "'")
                        .replaceFirst("(MYSQL_DB_PORT:).*", "$1 '" + port + "'")
                        .replaceFirst("(EGRESS_ADDRESSES:).*", "$1 '" + address + "'"));
    }

    private static void replace(Path file, String pattern, String replacement) throws IOException {
        Files.writeString(file, Files.readString(file).replaceFirst(pattern, replacement));
    }

    private static EnvVar variable(Manifests manifests, String name) {
        return container(manifests.the(Deployment.class)).getEnv().stream()
                .filter(variable -> variable.getName().equals(name)).findFirst().orElseThrow();
    }
}
