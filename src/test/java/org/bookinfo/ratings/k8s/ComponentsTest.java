package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

import io.fabric8.istio.api.networking.v1.VirtualService;
import io.fabric8.istio.api.security.v1.AuthorizationPolicy;
import io.fabric8.istio.api.security.v1.PeerAuthentication;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What a kustomization of one's own can add.
 */
class ComponentsTest extends ManifestsFixture {

    @Test
    void authorization_callers_areReviewsAndProductpage() throws IOException {
        Manifests manifests = k8s.build(List.of("workload"), List.of("components/authorization"));

        var rules = manifests.the(AuthorizationPolicy.class).getSpec().getRules();
        assertEquals(1, rules.size());
        assertEquals(1, rules.get(0).getFrom().size());
        assertEquals(List.of("bookinfo-reviews", "bookinfo-productpage"),
                rules.get(0).getFrom().get(0).getSource().getServiceAccounts());
        assertEquals("STRICT",
                manifests.the(PeerAuthentication.class).getSpec().getMtls().getMode().name());
    }

    @Test
    void scale_autoscaler_watchesOurContainerOfOurDeployment() throws IOException {
        Manifests manifests = k8s.build(List.of("workload"), List.of("components/scale"));

        var autoscaler = manifests.the(HorizontalPodAutoscaler.class).getSpec();
        Deployment deployment = manifests.the(Deployment.class);
        assertEquals(deployment.getMetadata().getName(), autoscaler.getScaleTargetRef().getName());
        assertEquals(deployment.getKind(), autoscaler.getScaleTargetRef().getKind());
        assertEquals(deployment.getApiVersion(), autoscaler.getScaleTargetRef().getApiVersion());
        assertEquals(container(deployment).getName(),
                autoscaler.getMetrics().get(0).getContainerResource().getContainer());
    }

    @Test
    void standalone_service_isNamedAsBookinfosAndRoutedTo() throws IOException {
        Manifests manifests = k8s.build(List.of("."), List.of("components/standalone"));

        Service service = manifests.the(Service.class);
        assertEquals("ratings", service.getMetadata().getName());
        assertEquals(BOOKINFO_SELECTOR, service.getSpec().getSelector());
        assertEquals(9080, service.getSpec().getPorts().get(0).getPort());
        assertEquals(List.of("ratings"), manifests.all(VirtualService.class).stream()
                .map(route -> route.getMetadata().getName()).toList());
        assertEquals("v2-mysql", destination(manifests, "ratings").getSubset());
    }

    @Test
    void trustStore_component_isMountedWhereTheExampleSays() throws IOException {
        Manifests manifests = k8s.build(List.of("workload"), List.of("components/trust-store"));

        PodSpec pod = manifests.the(Deployment.class).getSpec().getTemplate().getSpec();
        Volume volume = pod.getVolumes().stream().filter(candidate -> candidate.getName().equals("trust-store"))
                .findFirst().orElseThrow();
        Secret secret = manifests.the(Secret.class, volume.getSecret().getSecretName());
        assertEquals(Set.of("trust-store.p12"), secret.getData().keySet());
        String directory = container(pod).getVolumeMounts().stream()
                .filter(mount -> mount.getName().equals("trust-store")).findFirst().orElseThrow().getMountPath();
        assertTrue(Files.readString(Path.of("k8s/database/database.env.example"))
                .contains(" " + directory + "/trust-store.p12 "));
    }
}
