package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import io.fabric8.istio.api.networking.v1.ServiceEntry;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The script that prints the line EGRESS_ADDRESSES.
 */
class AddressesTest extends ManifestsFixture {

    @Test
    void addresses_script_printsALineForTheExampleFile() throws IOException {
        String script = k8s.path("addresses").toString();
        k8s.set("MYSQL_DB_HOST", "198.51.100.7");

        assertEquals("EGRESS_ADDRESSES=192.0.2.10/32\n", Manifests.run("sh", script, "192.0.2.10").output());
        assertEquals("EGRESS_ADDRESSES=2001:db8::10/128\n", Manifests.run("sh", script, "2001:db8::10").output());
        assertEquals("EGRESS_ADDRESSES=198.51.100.7/32\n", Manifests.run("sh", script).output());
        assertEquals(1, Manifests.run("sh", script, "nowhere.invalid").exitCode());
    }

    /** The script asks a dig of ours, whose answers are known. */
    @Test
    void addresses_script_sortsFamiliesAndLeavesAliasesOut() throws IOException {
        Path bin = Files.createDirectory(k8s.path("bin"));
        Path dig = Files.writeString(bin.resolve("dig"), """
                #!/bin/sh
                case "$3" in
                A) printf 'alias.example.com.\\n192.0.2.11\\n192.0.2.10\\n192.0.2.11\\n' ;;
                AAAA) printf 'alias.example.com.\\n2001:db8::10\\n' ;;
                esac
                """);
        assertTrue(dig.toFile().setExecutable(true));

        Manifests.Outcome outcome = Manifests.run("sh", "-c", "PATH='" + bin + "':$PATH; exec sh '"
                + k8s.path("addresses") + "' mysql.example.com");

        assertEquals("EGRESS_ADDRESSES=192.0.2.10/32,192.0.2.11/32,2001:db8::10/128\n", outcome.output());
        Files.writeString(k8s.path("database/database.env"),
                Files.readString(k8s.path("database/database.env")).replaceFirst("EGRESS_ADDRESSES=.*\n",
                        outcome.output()));
        assertEquals(List.of("192.0.2.10/32", "192.0.2.11/32", "2001:db8::10/128"),
                k8s.build("egress/by-address").the(ServiceEntry.class).getSpec().getAddresses());
    }
}
