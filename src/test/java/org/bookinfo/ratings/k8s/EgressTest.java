package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;

import io.fabric8.istio.api.api.networking.v1alpha3.ServiceEntryResolution;
import io.fabric8.istio.api.api.networking.v1alpha3.WorkloadEntry;
import io.fabric8.istio.api.networking.v1.DestinationRule;
import io.fabric8.istio.api.networking.v1.Gateway;
import io.fabric8.istio.api.networking.v1.ServiceEntry;
import io.fabric8.istio.api.networking.v1.VirtualService;
import io.fabric8.istio.api.security.v1.AuthorizationPolicy;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The ways out of the mesh.
 */
class EgressTest extends ManifestsFixture {

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.10/32", "192.0.2.10/32,192.0.2.11/32,198.51.100.7/32",
            "192.0.2.10/32, 2001:db8::10/128", "2001:db8::10/128", "fd00:1:2:3:4:5:6:7/128,10.0.0.1"})
    void byAddress_oneOrSeveral_areTheServiceEntrys(String addresses) throws IOException {
        k8s.set("EGRESS_ADDRESSES", addresses);

        ServiceEntry entry = k8s.build("egress/by-address").the(ServiceEntry.class);

        assertEquals(List.of(addresses.split(", ?")), entry.getSpec().getAddresses());
        assertEquals(ServiceEntryResolution.NONE, entry.getSpec().getResolution());
        assertOpensTheDatabase(entry, "mysql.example.com", 3306);
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.0/24", "192.0.2.0/24, 2001:db8::/64"})
    void byRange_oneOrSeveral_areTheServiceEntrys(String ranges) throws IOException {
        k8s.set("EGRESS_RANGES", ranges);

        ServiceEntry entry = k8s.build("egress/by-range").the(ServiceEntry.class);

        assertEquals(List.of(ranges.split(", ?")), entry.getSpec().getAddresses());
        assertEquals(ServiceEntryResolution.NONE, entry.getSpec().getResolution());
        assertOpensTheDatabase(entry, "mysql.example.com", 3306);
    }

    @Test
    void byName_noAddress_isResolvedByTheProxy() {
        ServiceEntry entry = k8s.build("egress/by-name").the(ServiceEntry.class);

        assertTrue(entry.getSpec().getAddresses().isEmpty());
        assertEquals(ServiceEntryResolution.DNS, entry.getSpec().getResolution());
        assertOpensTheDatabase(entry, "mysql.example.com", 3306);
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.10/32", "192.0.2.10/32, 2001:db8::10/128",
            "192.0.2.10/32,192.0.2.11/32,192.0.2.12/32", "192.0.2.1/32,192.0.2.2/32,192.0.2.3/32,192.0.2.4/32"})
    void byGateway_oneToFourAddresses_areItsEndpoints(String addresses) throws IOException {
        k8s.set("EGRESS_ADDRESSES", addresses);

        ServiceEntry entry = k8s.build("egress/by-gateway").the(ServiceEntry.class);

        assertEquals(List.of(addresses.split(", ?")), entry.getSpec().getAddresses());
        assertEquals(ServiceEntryResolution.STATIC, entry.getSpec().getResolution());
        assertEquals(Stream.of(addresses.split(", ?")).map(address -> address.replaceFirst("/.*", "")).toList(),
                entry.getSpec().getEndpoints().stream().map(WorkloadEntry::getAddress).distinct().toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "192.0.2.10", "192.0.2.1/32,192.0.2.2/32,192.0.2.3/32,192.0.2.4/32,192.0.2.5/32",
            "192.0.2.1/32,192.0.2.2", "256.1.1.1/32"})
    void byGateway_otherAddresses_areRefusedByTheNameOfTheLine(String addresses) throws IOException {
        k8s.set("EGRESS_ADDRESSES", addresses);

        assertRefused("EGRESS_ADDRESSES", "egress/by-gateway");
    }

    /** From the sidecar to the gateway's port, by mutual TLS, and from there to the ServiceEntry's endpoints. */
    @ParameterizedTest
    @CsvSource({"db-7.internal, 33060, db-7.internal", "192.0.2.10, 3306, mysql.external"})
    void byGateway_route_leadsThroughTheGatewayToTheDatabase(String host, int port, String name) throws IOException {
        k8s.set("MYSQL_DB_HOST", host);
        k8s.set("MYSQL_DB_PORT", String.valueOf(port));
        Service gatewayPort = k8s.build("egress/gateway-port").the(Service.class);
        String gatewayHost = gatewayPort.getMetadata().getName() + "." + gatewayPort.getMetadata().getNamespace()
                + ".svc.cluster.local";

        Manifests manifests = k8s.build("egress/by-gateway");

        VirtualService routes = manifests.the(VirtualService.class);
        assertEquals(List.of(name), routes.getSpec().getHosts());
        assertEquals(List.of("mesh", "mysql-external"), routes.getSpec().getGateways());
        assertEquals(List.of("[mesh]:" + port + " to " + gatewayHost + ":3306",
                "[mysql-external]:3306 to " + name + ":" + port),
                routes.getSpec().getTcp().stream()
                        .map(route -> route.getMatch().get(0).getGateways() + ":" + route.getMatch().get(0).getPort()
                                + " to " + route.getRoute().get(0).getDestination().getHost() + ":"
                                + route.getRoute().get(0).getDestination().getPort().getNumber())
                        .toList());
        var server = manifests.the(Gateway.class).getSpec().getServers().get(0);
        assertEquals("3306 TLS ISTIO_MUTUAL [" + name + "]", server.getPort().getNumber() + " "
                + server.getPort().getProtocol() + " " + server.getTls().getMode() + " " + server.getHosts());
        assertEquals(manifests.the(Gateway.class).getSpec().getSelector(), gatewayPort.getSpec().getSelector());
        assertEquals("3306 3306", gatewayPort.getSpec().getPorts().get(0).getPort() + " "
                + gatewayPort.getSpec().getPorts().get(0).getTargetPort().getIntVal());
        DestinationRule rule = manifests.the(DestinationRule.class);
        assertEquals(gatewayHost, rule.getSpec().getHost());
        assertEquals("ISTIO_MUTUAL " + name, rule.getSpec().getTrafficPolicy().getTls().getMode() + " "
                + rule.getSpec().getTrafficPolicy().getTls().getSni());
    }

    /** Which is in another namespace than everything else. */
    @Test
    void byGateway_whatTheGatewayMustKnow_isExportedToIt() {
        Manifests manifests = k8s.build("egress/by-gateway");

        assertEquals(List.of(".", "istio-system"), manifests.the(ServiceEntry.class).getSpec().getExportTo());
        assertEquals(List.of(".", "istio-system"), manifests.the(VirtualService.class).getSpec().getExportTo());
    }

    @Test
    void byWaypoint_serviceEntry_isBoundToTheWaypoint() throws IOException {
        Manifests manifests = k8s.buildOwn("""
                namespace: bookinfo
                resources:
                - ../k8s/egress/by-waypoint
                """);

        ServiceEntry entry = manifests.the(ServiceEntry.class);
        var waypoint = manifests.the(io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway.class);
        assertEquals("istio-waypoint", waypoint.getSpec().getGatewayClassName());
        assertEquals("HBONE 15008", waypoint.getSpec().getListeners().get(0).getProtocol() + " "
                + waypoint.getSpec().getListeners().get(0).getPort());
        assertEquals(waypoint.getMetadata().getName(), entry.getMetadata().getLabels().get("istio.io/use-waypoint"));
        assertEquals("bookinfo", waypoint.getMetadata().getNamespace());
        assertEquals("bookinfo", entry.getMetadata().getLabels().get("istio.io/use-waypoint-namespace"));
        assertOpensTheDatabase(entry, "mysql.example.com", 3306);
        assertEquals(List.of("192.0.2.10/32"), entry.getSpec().getAddresses());
        assertEquals(ServiceEntryResolution.NONE, entry.getSpec().getResolution());
    }

    /** Istio then looks in the namespace of the ServiceEntry. */
    @Test
    void byWaypoint_namespaceIsNotSaid_isNotMadeUp() {
        assertNull(k8s.build("egress/by-waypoint").the(ServiceEntry.class).getMetadata().getLabels()
                .get("istio.io/use-waypoint-namespace"));
    }

    @Test
    void byWaypoint_policy_letsOurServiceAccountToTheDatabase() {
        Manifests manifests = k8s.build("egress/by-waypoint");

        var policy = manifests.the(AuthorizationPolicy.class).getSpec();
        assertEquals(List.of("networking.istio.io ServiceEntry mysql-external"), policy.getTargetRefs().stream()
                .map(target -> target.getGroup() + " " + target.getKind() + " " + target.getName()).toList());
        assertNull(policy.getSelector());
        assertEquals(List.of(k8s.build("workload").the(ServiceAccount.class).getMetadata().getName()),
                policy.getRules().get(0).getFrom().get(0).getSource().getServiceAccounts());
        assertEquals(1, policy.getRules().size());
    }

    /** Otherwise the database would be counted as ratings. */
    @ParameterizedTest
    @ValueSource(strings = {"by-address", "by-range", "by-name", "by-gateway", "by-waypoint"})
    void egress_inTelemetry_isNotRatings(String variant) {
        assertEquals("mysql-external",
                k8s.build("egress/" + variant).the(ServiceEntry.class).getMetadata().getLabels().get("app"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"egress/by-address", "egress/by-range", "egress/by-name"})
    void egress_hostAndPort_areTheOneSources(String variant) throws IOException {
        k8s.set("MYSQL_DB_HOST", "db-7.internal");
        k8s.set("MYSQL_DB_PORT", "33060");

        assertOpensTheDatabase(k8s.build(variant).the(ServiceEntry.class), "db-7.internal", 33060);
        assertEquals("db-7.internal",
                decoded(k8s.build("workload").the(Secret.class).getData().get("MYSQL_DB_HOST")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.10", "2001:db8::10"})
    void egress_hostIsAnAddress_hasANameThatIstioTakes(String host) throws IOException {
        k8s.set("MYSQL_DB_HOST", host);

        assertOpensTheDatabase(k8s.build("egress/by-address").the(ServiceEntry.class), "mysql.external", 3306);
        assertEquals(host, decoded(k8s.build("workload").the(Secret.class).getData().get("MYSQL_DB_HOST")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "mysql.example.com", "256.1.1.1", "10.1", "192.0.2.10/33", "192.0.2.0/24",
            "2001:db8::/64", "192.0.2.10;192.0.2.11", "192.0.2.10 192.0.2.11", ",", "192.0.2.10,,192.0.2.11", "[",
            "a'b\"", ";; no servers could be reached"})
    void byAddress_emptyOrMalformed_isRefusedByTheNameOfTheLine(String addresses) throws IOException {
        k8s.set("EGRESS_ADDRESSES", addresses);

        assertRefused("EGRESS_ADDRESSES", "egress/by-address");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "example", "192.0.2.0/33", "2001:db8::/129", "10.0.0.0/8;192.0.2.0/24", "]"})
    void byRange_emptyOrMalformed_isRefusedByTheNameOfTheLine(String ranges) throws IOException {
        k8s.set("EGRESS_RANGES", ranges);

        assertRefused("EGRESS_RANGES", "egress/by-range");
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.10", "2001:db8::10", "::1"})
    void byName_anAddress_isRefused(String host) throws IOException {
        k8s.set("MYSQL_DB_HOST", host);

        assertRefused("MYSQL_DB_HOST is an IP address", "egress/by-name");
    }

    /** A line is asked for by the variant that uses it. */
    @Test
    void egress_otherVariantsLineIsEmpty_builds() throws IOException {
        k8s.set("EGRESS_RANGES", "");
        assertOpensTheDatabase(k8s.build("egress/by-address").the(ServiceEntry.class), "mysql.example.com", 3306);

        k8s.set("EGRESS_ADDRESSES", "");
        assertOpensTheDatabase(k8s.build("egress/by-name").the(ServiceEntry.class), "mysql.example.com", 3306);
    }

    /** What was applied by an older version of these files must stay what it is: to the letter, but for the label app. */
    @ParameterizedTest
    @CsvSource({"by-address, 'addresses:\n  - 192.0.2.10/32\n  ', NONE",
            "by-range, 'addresses:\n  - 192.0.2.0/24\n  ', NONE",
            "by-name, '', DNS"})
    void egress_rendering_isAsItWas(String variant, String addresses, String resolution) {
        assertEquals("""
                apiVersion: networking.istio.io/v1
                kind: ServiceEntry
                metadata:
                  labels:
                    app: mysql-external
                    egress: %s
                  name: mysql-external
                spec:
                  %sexportTo:
                  - .
                  hosts:
                  - mysql.example.com
                  location: MESH_EXTERNAL
                  ports:
                  - name: tcp-mysql
                    number: 3306
                    protocol: TCP
                  resolution: %s
                """.formatted(variant, addresses.replace("\\n", "\n"), resolution),
                k8s.build("egress/" + variant).yaml());
    }

    private void assertRefused(String message, String variant) {
        String refusal = Manifests.refusal(k8s.path(variant));

        assertTrue(refusal.contains(message), refusal);
        assertFalse(refusal.contains("panic"), refusal);
    }
}
