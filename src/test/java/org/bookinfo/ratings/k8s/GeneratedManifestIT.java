package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * The Deployment that packaging generates agrees with the chart's in all that both contain.
 */
class GeneratedManifestIT {

    /** What Quarkus adds of its own. */
    private static final String QUARKUS_LABEL = "app.kubernetes.io/managed-by";
    private static final String QUARKUS_VARIABLE = "KUBERNETES_NAMESPACE";
    private static final Set<String> QUARKUS_ANNOTATIONS = Set.of("app.quarkus.io/quarkus-version",
            "prometheus.io/scheme");

    private static final Path GENERATED = Path.of("target/kubernetes/kubernetes.yml");

    private Deployment ours;
    private Deployment generated;

    @BeforeEach
    void read() throws IOException {
        Manifests manifests = Manifests.parse(Files.readString(GENERATED));
        assertEquals(Set.of("Deployment/ratings-v2-mysql", "Service/ratings-v2-mysql"), Set.copyOf(manifests.names()));
        ours = Manifests.chart().the(Deployment.class);
        generated = manifests.the(Deployment.class);
    }

    @Test
    void generated_identity_agrees() {
        assertSame(deployment -> deployment.getMetadata().getName());
        assertSame(deployment -> withoutQuarkus(deployment.getMetadata().getLabels()));
        assertSame(deployment -> deployment.getSpec().getSelector().getMatchLabels());
        assertSame(deployment -> withoutQuarkus(deployment.getSpec().getTemplate().getMetadata().getLabels()));
        assertSame(deployment -> deployment.getSpec().getReplicas());
        assertSame(deployment -> deployment.getSpec().getTemplate().getMetadata().getAnnotations().entrySet().stream()
                .filter(annotation -> !QUARKUS_ANNOTATIONS.contains(annotation.getKey()))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
    }

    @Test
    void generated_container_agrees() {
        assertSame(deployment -> container(deployment).getName());
        assertSame(deployment -> container(deployment).getImagePullPolicy());
        assertSame(deployment -> container(deployment).getResources());
        assertSame(deployment -> container(deployment).getPorts().stream().collect(
                Collectors.toMap(ContainerPort::getName, ContainerPort::getContainerPort)));
        assertSame(deployment -> withoutRegistry(container(deployment).getImage()));
    }

    @Test
    void generated_probes_agree() {
        assertSame(deployment -> probe(deployment, Container::getStartupProbe));
        assertSame(deployment -> probe(deployment, Container::getLivenessProbe));
        assertSame(deployment -> probe(deployment, Container::getReadinessProbe));
    }

    @Test
    void generated_environment_agrees() {
        assertSame(deployment -> container(deployment).getEnv().stream()
                .filter(variable -> !variable.getName().equals(QUARKUS_VARIABLE))
                .collect(Collectors.toMap(EnvVar::getName, GeneratedManifestIT::source)));
    }

    private void assertSame(Function<Deployment, Object> part) {
        assertEquals(part.apply(ours), part.apply(generated));
    }

    private static String source(EnvVar variable) {
        if (variable.getValueFrom() == null) {
            return variable.getValue();
        }
        var reference = variable.getValueFrom().getSecretKeyRef();
        return reference.getName() + "/" + reference.getKey();
    }

    private static List<Object> probe(Deployment deployment, Function<Container, Probe> which) {
        Container container = container(deployment);
        Probe probe = which.apply(container);
        return List.of(probe.getHttpGet().getPath(), portNumber(container, probe.getHttpGet().getPort()),
                probe.getPeriodSeconds(), probe.getTimeoutSeconds(), probe.getFailureThreshold(),
                probe.getInitialDelaySeconds() == null ? 0 : probe.getInitialDelaySeconds());
    }

    private static int portNumber(Container container, IntOrString port) {
        return port.getStrVal() == null
                ? port.getIntVal()
                : container.getPorts().stream().filter(candidate -> candidate.getName().equals(port.getStrVal()))
                        .findFirst().orElseThrow().getContainerPort();
    }

    private static Container container(Deployment deployment) {
        List<Container> containers = deployment.getSpec().getTemplate().getSpec().getContainers();
        assertEquals(1, containers.size());
        return containers.get(0);
    }

    private static Map<String, String> withoutQuarkus(Map<String, String> labels) {
        return labels.entrySet().stream().filter(label -> !label.getKey().equals(QUARKUS_LABEL))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    private static String withoutRegistry(String image) {
        return image.replaceFirst("^[^/]*\\.[^/]*/", "");
    }
}
