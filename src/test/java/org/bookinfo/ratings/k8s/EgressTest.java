package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.util.List;

import io.fabric8.istio.api.api.networking.v1alpha3.ServiceEntryResolution;
import io.fabric8.istio.api.networking.v1.ServiceEntry;
import io.fabric8.kubernetes.api.model.Secret;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
    @ValueSource(strings = {"by-address", "by-range"})
    void egress_noAddress_isRefused(String variant) throws IOException {
        k8s.set("EGRESS_ADDRESSES", "");
        k8s.set("EGRESS_RANGES", "");

        Manifests.refusal(k8s.path("egress/" + variant));
    }
}
