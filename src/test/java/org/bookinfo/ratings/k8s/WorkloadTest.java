package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.fabric8.istio.api.networking.v1.ServiceEntry;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The Deployment, and the Secret that its container reads.
 */
class WorkloadTest extends ManifestsFixture {

    @Test
    void deployment_labels_joinBookinfosServiceAndOurSubset() {
        Deployment deployment = k8s.build("workload").the(Deployment.class);

        assertEquals("ratings-v2-mysql", deployment.getMetadata().getName());
        assertEquals(OUR_LABELS, deployment.getMetadata().getLabels());
        assertEquals(OUR_LABELS, deployment.getSpec().getSelector().getMatchLabels());
        assertMatches(BOOKINFO_SELECTOR, deployment);
        assertEquals("ratings", container(deployment).getName());
        assertEquals(List.of("http 9080"), container(deployment).getPorts().stream()
                .map(port -> port.getName() + " " + port.getContainerPort()).toList());
    }

    @Test
    void deployment_podSpec_meetsRestrictedStandard() {
        assertRestricted(podSpec());
    }

    @Test
    void deployment_podSpec_needsNothingOfTheCluster() {
        PodSpec pod = podSpec();

        assertEquals(false, pod.getAutomountServiceAccountToken());
        assertEquals(false, pod.getEnableServiceLinks());
        assertEquals(k8s.build("workload").the(ServiceAccount.class).getMetadata().getName(),
                pod.getServiceAccountName());
        assertEquals(List.of("/tmp"), container(pod).getVolumeMounts().stream()
                .map(mount -> mount.getMountPath()).toList());
    }

    @Test
    void deployment_rollout_losesNoRequest() {
        Deployment deployment = k8s.build("workload").the(Deployment.class);

        assertEquals(new IntOrString(0), deployment.getSpec().getStrategy().getRollingUpdate().getMaxUnavailable());
        assertEquals(30, deployment.getSpec().getTemplate().getSpec().getTerminationGracePeriodSeconds());
        assertTrue(deployment.getSpec().getReplicas() >= 2);
        assertEquals(2, deployment.getSpec().getTemplate().getSpec().getTopologySpreadConstraints().size());
    }

    @Test
    void deployment_probes_leaveTheDatabaseOut() {
        Container container = container(podSpec());

        assertEquals("/q/health/started", path(container.getStartupProbe()));
        assertEquals("/q/health/live", path(container.getLivenessProbe()));
        assertEquals("/q/health/ready", path(container.getReadinessProbe()));
    }

    /** Istio's injector looks for these on the Pod, and scrapes what they say from within. */
    @Test
    void deployment_podAnnotations_offerTheMetrics() {
        Deployment deployment = k8s.build("workload").the(Deployment.class);

        assertEquals(Map.of("prometheus.io/scrape", "true", "prometheus.io/path", "/q/metrics", "prometheus.io/port",
                String.valueOf(container(deployment).getPorts().get(0).getContainerPort())),
                deployment.getSpec().getTemplate().getMetadata().getAnnotations());
    }

    @Test
    void deployment_log_isJson() {
        assertEquals(List.of("RATINGS_LOG_JSON=true"), container(podSpec()).getEnv().stream()
                .filter(variable -> variable.getValueFrom() == null)
                .map(variable -> variable.getName() + "=" + variable.getValue()).toList());
    }

    @Test
    void deployment_resources_fitWhatWasMeasured() {
        var resources = container(podSpec()).getResources();

        assertEquals("160Mi", resources.getRequests().get("memory").toString());
        assertEquals("256Mi", resources.getLimits().get("memory").toString());
        assertFalse(resources.getLimits().containsKey("cpu"));
    }

    @Test
    void image_inAKustomizationOfOnesOwn_isReplaced() throws IOException {
        Manifests manifests = k8s.buildOwn("""
                resources:
                - ../k8s
                namespace: bookinfo
                images:
                - name: bookinfo-ratings-v2-mysql
                  newName: registry.example/ratings
                  newTag: 2.0.0
                """);

        assertEquals("bookinfo-ratings-v2-mysql:1.0.0", container(podSpec()).getImage());
        assertEquals("registry.example/ratings:2.0.0", container(manifests.the(Deployment.class)).getImage());
        assertEquals(List.of("mysql.example.com"), manifests.the(ServiceEntry.class).getSpec().getHosts());
    }

    @Test
    void secret_keys_areWhatTheContainerTakesAndTheApplicationReads() throws IOException {
        Manifests manifests = k8s.build("workload");
        Secret secret = manifests.the(Secret.class);

        List<EnvVar> environment = fromTheSecret(manifests);

        assertEquals(readByTheApplication(), environment.stream().map(EnvVar::getName).collect(Collectors.toSet()));
        for (EnvVar variable : environment) {
            assertNull(variable.getValue(), variable.getName());
            assertEquals(variable.getName(), variable.getValueFrom().getSecretKeyRef().getKey());
            assertEquals(secret.getMetadata().getName(), variable.getValueFrom().getSecretKeyRef().getName());
        }
        assertEquals(readByTheApplication(), secret.getData().keySet());
    }

    @Test
    void secret_values_areTakenAsTheyStand() {
        Map<String, String> data = k8s.build("workload").the(Secret.class).getData();

        assertEquals(PASSWORD, decoded(data.get("MYSQL_DB_PASSWORD")));
        assertEquals("3306", decoded(data.get("MYSQL_DB_PORT")));
        assertEquals("mysql.example.com", decoded(data.get("MYSQL_DB_HOST")));
    }

    @Test
    void secret_changed_rollsTheDeployment() throws IOException {
        String before = k8s.build("workload").the(Secret.class).getMetadata().getName();

        k8s.set("MYSQL_DB_PASSWORD", "another");
        Manifests after = k8s.build("workload");

        assertNotEquals(before, after.the(Secret.class).getMetadata().getName());
        assertEquals(Set.of(after.the(Secret.class).getMetadata().getName()),
                fromTheSecret(after).stream().map(variable -> variable.getValueFrom().getSecretKeyRef().getName())
                        .collect(Collectors.toSet()));
    }

    @Test
    void secret_addressesChanged_rollsNothing() throws IOException {
        String before = k8s.build("workload").yaml();

        k8s.set("EGRESS_ADDRESSES", "192.0.2.99/32");

        assertEquals(before, k8s.build("workload").yaml());
    }

    @Test
    void secret_name_isNotBookinfos() {
        assertEquals("ratings-database",
                withoutHash(k8s.build("workload").the(Secret.class).getMetadata().getName()));
    }

    private static List<EnvVar> fromTheSecret(Manifests manifests) {
        return container(manifests.the(Deployment.class)).getEnv().stream()
                .filter(variable -> variable.getName().startsWith("MYSQL_DB_")).toList();
    }

    private static String path(Probe probe) {
        return probe.getHttpGet().getPath();
    }

    /** The variables that the code and the configuration name. */
    private static Set<String> readByTheApplication() throws IOException {
        Set<String> variables = new TreeSet<>();
        try (Stream<Path> files = Files.walk(Path.of("src/main"))) {
            for (Path file : files.filter(path -> path.toString().matches(".*\\.(java|properties)")).toList()) {
                Matcher matcher = Pattern.compile("\\bMYSQL_DB_[A-Z_]+\\b").matcher(Files.readString(file));
                while (matcher.find()) {
                    variables.add(matcher.group());
                }
            }
        }
        return variables;
    }
}
