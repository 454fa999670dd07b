package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.fabric8.istio.api.api.networking.v1alpha3.Destination;
import io.fabric8.istio.api.api.networking.v1alpha3.HTTPRoute;
import io.fabric8.istio.api.api.networking.v1alpha3.HTTPRouteDestination;
import io.fabric8.istio.api.api.networking.v1alpha3.ServiceEntryLocation;
import io.fabric8.istio.api.api.networking.v1alpha3.ServicePort;
import io.fabric8.istio.api.api.networking.v1alpha3.Subset;
import io.fabric8.istio.api.networking.v1.DestinationRule;
import io.fabric8.istio.api.networking.v1.ServiceEntry;
import io.fabric8.istio.api.networking.v1.VirtualService;
import io.fabric8.istio.api.security.v1.AuthorizationPolicy;
import io.fabric8.istio.api.security.v1.PeerAuthentication;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.PodMonitor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * A copy of k8s/ for each test, and what the tests ask of more than one kind of folder.
 */
abstract class ManifestsFixture {

    static final Map<String, String> OUR_LABELS = Map.of("app", "ratings", "version", "v2-mysql");

    /** What the Service "ratings" of Bookinfo selects by. */
    static final Map<String, String> BOOKINFO_SELECTOR = Map.of("app", "ratings");

    static final String PASSWORD = "s3cret \"x='#$y";

    @TempDir
    Path folder;

    Manifests.Copy k8s;

    @BeforeEach
    void copy() throws IOException {
        k8s = new Manifests.Copy(folder, Map.of("MYSQL_DB_PASSWORD", PASSWORD));
    }

    PodSpec podSpec() {
        return k8s.build("workload").the(Deployment.class).getSpec().getTemplate().getSpec();
    }

    static Container container(Deployment deployment) {
        return container(deployment.getSpec().getTemplate().getSpec());
    }

    static Container container(PodSpec pod) {
        assertEquals(1, pod.getContainers().size());
        return pod.getContainers().get(0);
    }

    static HTTPRoute route(Manifests manifests, String host) {
        VirtualService service = manifests.the(VirtualService.class,
                candidate -> candidate.getSpec().getHosts().equals(List.of(host)));
        assertEquals(host, service.getMetadata().getName(), "takes the place of Bookinfo's route");
        assertEquals(1, service.getSpec().getHttp().size());
        return service.getSpec().getHttp().get(0);
    }

    static Destination destination(Manifests manifests, String host) {
        List<HTTPRouteDestination> destinations = route(manifests, host).getRoute();
        assertEquals(1, destinations.size());
        assertEquals(host, destinations.get(0).getDestination().getHost());
        return destinations.get(0).getDestination();
    }

    static Subset subset(Manifests manifests, String host, String name) {
        List<Subset> subsets = manifests.all(DestinationRule.class).stream()
                .filter(rule -> rule.getSpec().getHost().equals(host))
                .flatMap(rule -> rule.getSpec().getSubsets().stream())
                .filter(subset -> subset.getName().equals(name)).toList();
        assertEquals(1, subsets.size(), "subset " + name + " of " + host);
        return subsets.get(0);
    }

    static void assertSelectorsMatch(Manifests manifests) {
        for (VirtualService route : manifests.all(VirtualService.class)) {
            for (HTTPRoute http : route.getSpec().getHttp()) {
                for (HTTPRouteDestination destination : http.getRoute()) {
                    subset(manifests, destination.getDestination().getHost(),
                            destination.getDestination().getSubset());
                }
            }
        }
        for (Deployment deployment : manifests.all(Deployment.class)) {
            assertMatches(deployment.getSpec().getSelector().getMatchLabels(), deployment);
            manifests.all(PodDisruptionBudget.class)
                    .forEach(budget -> assertMatches(budget.getSpec().getSelector().getMatchLabels(), deployment));
            manifests.all(AuthorizationPolicy.class).stream()
                    .filter(policy -> policy.getSpec().getTargetRefs().isEmpty())
                    .forEach(policy -> assertMatches(policy.getSpec().getSelector().getMatchLabels(), deployment));
            manifests.all(PeerAuthentication.class)
                    .forEach(policy -> assertMatches(policy.getSpec().getSelector().getMatchLabels(), deployment));
            manifests.all(NetworkPolicy.class)
                    .forEach(policy -> assertMatches(policy.getSpec().getPodSelector().getMatchLabels(), deployment));
            for (PodMonitor monitor : manifests.all(PodMonitor.class)) {
                assertMatches(monitor.getSpec().getSelector().getMatchLabels(), deployment);
                monitor.getSpec().getPodMetricsEndpoints()
                        .forEach(endpoint -> assertHasPort(deployment, new IntOrString(endpoint.getPort())));
            }
            deployment.getSpec().getTemplate().getSpec().getTopologySpreadConstraints()
                    .forEach(spread -> assertMatches(spread.getLabelSelector().getMatchLabels(), deployment));
            for (Service service : manifests.all(Service.class)) {
                assertMatches(service.getSpec().getSelector(), deployment);
                service.getSpec().getPorts().forEach(port -> assertHasPort(deployment, port.getTargetPort()));
            }
            Container container = container(deployment);
            assertEquals(
                    deployment.getSpec().getTemplate().getSpec().getVolumes().stream().map(Volume::getName)
                            .collect(Collectors.toSet()),
                    container.getVolumeMounts().stream().map(VolumeMount::getName).collect(Collectors.toSet()));
            Stream.of(container.getStartupProbe(), container.getLivenessProbe(), container.getReadinessProbe())
                    .forEach(probe -> assertHasPort(deployment, probe.getHttpGet().getPort()));
        }
    }

    static void assertMatches(Map<String, String> selector, Deployment deployment) {
        Map<String, String> labels = deployment.getSpec().getTemplate().getMetadata().getLabels();
        assertFalse(selector.isEmpty());
        assertTrue(labels.entrySet().containsAll(selector.entrySet()), selector + " does not select " + labels);
    }

    private static void assertHasPort(Deployment deployment, IntOrString port) {
        assertTrue(container(deployment).getPorts().stream().map(ContainerPort::getName).toList()
                .contains(port.getStrVal()), "no port named " + port.getStrVal());
    }

    /** The rules of the Pod Security Standard "restricted" that concern a Pod such as ours. */
    static void assertRestricted(PodSpec pod) {
        assertEquals(true, pod.getSecurityContext().getRunAsNonRoot());
        assertTrue(pod.getSecurityContext().getRunAsUser() > 0);
        assertEquals("RuntimeDefault", pod.getSecurityContext().getSeccompProfile().getType());
        for (Container container : pod.getContainers()) {
            assertEquals(false, container.getSecurityContext().getAllowPrivilegeEscalation());
            assertEquals(List.of("ALL"), container.getSecurityContext().getCapabilities().getDrop());
            assertEquals(List.of(), container.getSecurityContext().getCapabilities().getAdd());
            assertEquals(true, container.getSecurityContext().getReadOnlyRootFilesystem());
            assertNull(container.getSecurityContext().getPrivileged());
            container.getPorts().forEach(port -> assertNull(port.getHostPort()));
        }
        assertNull(pod.getHostNetwork());
        assertNull(pod.getHostPID());
        assertNull(pod.getHostIPC());
        pod.getVolumes().forEach(volume -> assertTrue(volume.getEmptyDir() != null || volume.getSecret() != null,
                volume.getName()));
    }

    static void assertOpensTheDatabase(ServiceEntry entry, String host, long port) {
        assertEquals("mysql-external", entry.getMetadata().getName());
        assertEquals(List.of(host), entry.getSpec().getHosts());
        assertEquals(ServiceEntryLocation.MESH_EXTERNAL, entry.getSpec().getLocation());
        assertEquals(List.of("."), entry.getSpec().getExportTo());
        assertEquals(1, entry.getSpec().getPorts().size());
        ServicePort servicePort = entry.getSpec().getPorts().get(0);
        assertEquals(port, servicePort.getNumber());
        assertEquals("TCP", servicePort.getProtocol());
    }

    static String decoded(String base64) {
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }

    /** Kustomize puts ten letters and digits behind the name of what it generates. */
    static String withoutHash(String name) {
        return name.replaceFirst("(?<=ratings-database)-[a-z0-9]{10}$", "");
    }
}
