package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Where the component {@code network-policy} lets the service go, and who gets in.
 */
class NetworkPolicyTest extends ManifestsFixture {

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.10/32", "192.0.2.10/32, 2001:db8::10/128",
            "192.0.2.1/32,192.0.2.2/32,192.0.2.3/32,192.0.2.4/32"})
    void byAddress_oneToFour_areAllThatIsReachedOfTheDatabase(String addresses) throws IOException {
        k8s.set("EGRESS_ADDRESSES", addresses);
        k8s.set("MYSQL_DB_PORT", "33060");

        assertEquals(Set.of(addresses.split(", ?")), blocks(policy("by-address"), 33060));
    }

    @Test
    void byRange_ranges_areAllThatIsReachedOfTheDatabase() throws IOException {
        k8s.set("EGRESS_RANGES", "10.0.0.0/8, 2001:db8::/64");

        assertEquals(Set.of("10.0.0.0/8", "2001:db8::/64"), blocks(policy("by-range"), 3306));
    }

    @Test
    void byGateway_gateway_isReachedAndNotTheDatabase() throws IOException {
        var rule = databaseRule(policy("by-gateway"), 3306);

        assertEquals(1, rule.getTo().size());
        assertEquals(Map.of("kubernetes.io/metadata.name", "istio-system"),
                rule.getTo().get(0).getNamespaceSelector().getMatchLabels());
        assertEquals(k8s.build("egress/gateway-port").the(Service.class).getSpec().getSelector(),
                rule.getTo().get(0).getPodSelector().getMatchLabels());
    }

    @Test
    void byWaypoint_waypoint_isReachedAndNotTheDatabase() throws IOException {
        var rule = databaseRule(policy("by-waypoint"), 15008);

        assertEquals(1, rule.getTo().size());
        assertEquals(Map.of("gateway.networking.k8s.io/gateway-name", "mysql-egress"),
                rule.getTo().get(0).getPodSelector().getMatchLabels());
    }

    @Test
    void policy_otherwise_isDnsIstiodAndThePorts() throws IOException {
        NetworkPolicy policy = policy("by-address");

        assertEquals(List.of("Ingress", "Egress"), policy.getSpec().getPolicyTypes());
        assertEquals(OUR_LABELS, policy.getSpec().getPodSelector().getMatchLabels());
        assertEquals(List.of("[UDP 53, TCP 53] {kubernetes.io/metadata.name=kube-system} {k8s-app=kube-dns}",
                "[TCP 15012] {kubernetes.io/metadata.name=istio-system} {app=istiod}"),
                policy.getSpec().getEgress().subList(0, 2).stream()
                        .map(rule -> ports(rule.getPorts()) + " "
                                + rule.getTo().get(0).getNamespaceSelector().getMatchLabels() + " "
                                + rule.getTo().get(0).getPodSelector().getMatchLabels())
                        .toList());
        assertEquals(3, policy.getSpec().getEgress().size());
        assertEquals(1, policy.getSpec().getIngress().size());
        assertEquals("[TCP 9080, TCP 15008, TCP 15020, TCP 15021, TCP 15090]",
                ports(policy.getSpec().getIngress().get(0).getPorts()));
    }

    @Test
    void byName_noAddress_isRefused() throws IOException {
        String refusal = k8s.refusal(List.of("egress/by-name"), List.of("components/network-policy"));

        assertTrue(refusal.contains("network-policy does not go with by-name"), refusal);
    }

    @ParameterizedTest
    @CsvSource({"EGRESS_ADDRESSES, by-address, 192.0.2.10",
            "EGRESS_ADDRESSES, by-address, '192.0.2.1/32,192.0.2.2/32,192.0.2.3/32,192.0.2.4/32,192.0.2.5/32'",
            "EGRESS_RANGES, by-range, 192.0.2.10"})
    void policy_whatANetworkPolicyCannotSay_isRefusedByTheNameOfTheLine(String line, String variant, String value)
            throws IOException {
        k8s.set(line, value);

        String refusal = k8s.refusal(List.of("egress/" + variant), List.of("components/network-policy"));

        assertTrue(refusal.contains(line + " must be one to four"), refusal);
    }

    /** The component comes with values of its own, which must be those of the rest. */
    @Test
    void policy_added_changesNothingElse() throws IOException {
        List<String> parts = List.of("workload", "routing", "egress/by-address");

        String with = k8s.build(parts, List.of("components/network-policy")).yaml();

        List<String> documents = new ArrayList<>(List.of(with.split("(?m)^---\n")));
        assertTrue(documents.removeIf(document -> document.contains("kind: NetworkPolicy")));
        assertEquals(List.of(k8s.build(parts, List.of()).yaml().split("(?m)^---\n")), documents);
    }

    private NetworkPolicy policy(String egress) throws IOException {
        return k8s.build(List.of("workload", "egress/" + egress), List.of("components/network-policy"))
                .the(NetworkPolicy.class);
    }

    private static NetworkPolicyEgressRule databaseRule(NetworkPolicy policy, int port) {
        NetworkPolicyEgressRule rule = policy.getSpec().getEgress().get(2);
        assertEquals("[TCP " + port + "]", ports(rule.getPorts()));
        return rule;
    }

    private static Set<String> blocks(NetworkPolicy policy, int port) {
        return databaseRule(policy, port).getTo().stream().map(peer -> peer.getIpBlock().getCidr())
                .collect(Collectors.toSet());
    }

    private static String ports(List<NetworkPolicyPort> ports) {
        return ports.stream().map(port -> port.getProtocol() + " " + port.getPort().getIntVal()).toList().toString();
    }
}
