package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import org.junit.jupiter.api.Test;

import static java.util.Objects.requireNonNullElse;
import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * The Deployment that packaging generates agrees with the chart's in all that both contain.
 */
class GeneratedManifestIT {

    private static final Set<String> QUARKUS_LABELS_AND_ANNOTATIONS = Set.of("app.kubernetes.io/managed-by",
            "app.quarkus.io/quarkus-version", "prometheus.io/scheme");

    @Test
    void generated_deployment_agreesWithTheCharts() throws IOException {
        Manifests generated = new Manifests(Files.readString(Path.of("target/kubernetes/kubernetes.yml")));

        assertEquals(Set.of("Deployment/ratings-v2-mysql", "Service/ratings-v2-mysql"), Set.copyOf(generated.names()));
        assertEquals(facts(Manifests.chart()), facts(generated));
    }

    private static Map<String, Object> facts(Manifests manifests) {
        Deployment deployment = manifests.the(Deployment.class);
        PodTemplateSpec template = deployment.getSpec().getTemplate();
        Container container = ChartTest.container(manifests);
        Map<String, Object> facts = new TreeMap<>();
        facts.put("name", deployment.getMetadata().getName());
        facts.put("labels", ours(deployment.getMetadata().getLabels()));
        facts.put("replicas", deployment.getSpec().getReplicas());
        facts.put("selector", deployment.getSpec().getSelector());
        facts.put("labels of the Pod", ours(template.getMetadata().getLabels()));
        facts.put("annotations of the Pod", ours(template.getMetadata().getAnnotations()));
        facts.put("container", container.getName());
        facts.put("image", container.getImage().replaceFirst("^[^/]*\\.[^/]*/", ""));
        facts.put("pull policy", container.getImagePullPolicy());
        facts.put("resources", container.getResources());
        container.getPorts().forEach(port -> facts.put("port " + port.getName(), port.getContainerPort()));
        facts.put("startup", probe(container, container.getStartupProbe()));
        facts.put("liveness", probe(container, container.getLivenessProbe()));
        facts.put("readiness", probe(container, container.getReadinessProbe()));
        facts.put("Secret", container.getEnvFrom().get(0).getSecretRef().getName());
        container.getEnv().stream().filter(variable -> !variable.getName().equals("KUBERNETES_NAMESPACE"))
                .forEach(variable -> facts.put(variable.getName(), variable.getValue()));
        return facts;
    }

    private static Map<String, String> ours(Map<String, String> labels) {
        Map<String, String> ours = new TreeMap<>(labels);
        ours.keySet().removeAll(QUARKUS_LABELS_AND_ANNOTATIONS);
        return ours;
    }

    /** With Kubernetes' defaults. */
    private static List<Object> probe(Container container, Probe probe) {
        Object port = probe.getHttpGet().getPort().getValue();
        return List.of(probe.getHttpGet().getPath(),
                port.equals("http") ? container.getPorts().get(0).getContainerPort() : port,
                requireNonNullElse(probe.getPeriodSeconds(), 10), probe.getTimeoutSeconds(),
                requireNonNullElse(probe.getFailureThreshold(), 3));
    }
}
