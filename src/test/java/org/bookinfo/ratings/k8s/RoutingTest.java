package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.fabric8.istio.api.networking.v1.DestinationRule;
import io.fabric8.istio.api.networking.v1.VirtualService;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRouteRule;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Where callers of {@code reviews} and {@code ratings} are sent.
 */
class RoutingTest extends ManifestsFixture {

    @Test
    void routes_everySubset_isDefinedAndRatingsIsOurs() {
        Manifests manifests = k8s.build("routing");

        assertSelectorsMatch(manifests);
        assertEquals("v3", destination(manifests, "reviews").getSubset());
        assertEquals("v2-mysql", destination(manifests, "ratings").getSubset());
        assertEquals(Map.of("version", "v3"), subset(manifests, "reviews", "v3").getLabels());
        assertMatches(subset(manifests, "ratings", "v2-mysql").getLabels(),
                k8s.build("workload").the(Deployment.class));
    }

    @Test
    void routes_toRatings_endBeforeReviewsGivesUpAndAfterTheService() throws IOException {
        var route = route(k8s.build("routing"), "ratings");

        Duration timeout = Duration.parse("PT" + route.getTimeout());
        Duration deadline = Duration.parse("PT" + property("RATINGS_DEADLINE:(\\w+)"));

        assertTrue(timeout.compareTo(Duration.ofMillis(2500)) < 0, "timeout " + timeout);
        assertTrue(timeout.compareTo(deadline) > 0, "timeout " + timeout + ", deadline " + deadline);
    }

    @Test
    void routes_toRatings_retryNoAnswer() {
        var route = route(k8s.build("routing"), "ratings");

        assertEquals(Set.of("connect-failure", "refused-stream"), Set.of(route.getRetries().getRetryOn().split(",")));
    }

    @Test
    void destinationRules_besideBookinfos_mergeWithThem() {
        for (DestinationRule rule : k8s.build(".").all(DestinationRule.class)) {
            assertFalse(Set.of("productpage", "reviews", "ratings", "details").contains(rule.getMetadata().getName()),
                    "would take the place of Bookinfo's own: " + rule.getMetadata().getName());
            assertNull(rule.getSpec().getTrafficPolicy());
            assertTrue(rule.getSpec().getExportTo().isEmpty());
            rule.getSpec().getSubsets().forEach(subset -> assertNull(subset.getTrafficPolicy()));
        }
    }

    @Test
    void gatewayApi_routes_takeThePlaceOfBookinfosAndNeedNoSubset() {
        Manifests manifests = k8s.build("routing-gateway-api");

        assertEquals(List.of("HTTPRoute ratings", "HTTPRoute reviews", "Service ratings-v2-mysql"), manifests.names());
        assertEquals(List.of("reviews-v3:9080"), backends(manifests, "reviews"));
        assertEquals(List.of("ratings-v2-mysql:9080"), backends(manifests, "ratings"));
    }

    @Test
    void gatewayApi_service_selectsOurPodsOnly() {
        Service service = k8s.build("routing-gateway-api").the(Service.class);

        assertEquals(OUR_LABELS, service.getSpec().getSelector());
        assertMatches(service.getSpec().getSelector(), k8s.build("workload").the(Deployment.class));
        assertEquals(List.of("http 9080 http"), service.getSpec().getPorts().stream()
                .map(port -> port.getName() + " " + port.getPort() + " " + port.getTargetPort().getStrVal()).toList());
    }

    @Test
    void gatewayApi_timeout_isThatOfTheVirtualService() {
        HTTPRouteRule rule = httpRoute(k8s.build("routing-gateway-api"), "ratings").getSpec().getRules().get(0);

        assertEquals(route(k8s.build("routing"), "ratings").getTimeout(), rule.getTimeouts().getRequest());
    }

    @Test
    void gatewayApi_wholeInstall_hasNothingOfTheOtherRouting() throws IOException {
        Manifests manifests = k8s.build(List.of("workload", "routing-gateway-api", "egress/by-address"), List.of());

        assertSelectorsMatch(manifests);
        assertEquals(List.of(), manifests.all(VirtualService.class));
        assertEquals(List.of(), manifests.all(DestinationRule.class));
    }

    @Test
    void gatewayApi_standalone_leavesReviewsOut() throws IOException {
        Manifests manifests = k8s.build(List.of("workload", "routing-gateway-api"), List.of("components/standalone"));

        assertEquals("ratings", manifests.the(HTTPRoute.class).getMetadata().getName());
        assertEquals(List.of("ratings", "ratings-v2-mysql"), manifests.all(Service.class).stream()
                .map(service -> service.getMetadata().getName()).sorted().toList());
    }

    /** The route of Bookinfo's name, for the Service of that name and the port that Bookinfo's own has. */
    private static HTTPRoute httpRoute(Manifests manifests, String service) {
        HTTPRoute route = manifests.the(HTTPRoute.class, service);
        assertEquals(List.of("\"\" Service " + service + " 9080"), route.getSpec().getParentRefs().stream()
                .map(parent -> "\"" + parent.getGroup() + "\" " + parent.getKind() + " " + parent.getName() + " "
                        + parent.getPort())
                .toList());
        assertEquals(1, route.getSpec().getRules().size());
        return route;
    }

    private static List<String> backends(Manifests manifests, String service) {
        return httpRoute(manifests, service).getSpec().getRules().get(0).getBackendRefs().stream()
                .map(backend -> backend.getName() + ":" + backend.getPort()).toList();
    }

    private static String property(String pattern) throws IOException {
        Matcher matcher = Pattern.compile(pattern).matcher(properties());
        assertTrue(matcher.find(), pattern);
        return matcher.group(1);
    }

    private static String properties() throws IOException {
        return Files.readString(Path.of("src/main/resources/application.properties"));
    }
}
