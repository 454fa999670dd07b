package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import io.fabric8.istio.api.networking.v1.ServiceEntry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The script that prints the line EGRESS_ADDRESSES. What DNS answers comes from a dig of the test's own, which prints what
 * the real one was seen to print (9.18).
 */
class AddressesTest {

    private static final String NO_ANSWER = """
            printf ';; communications error to 192.0.2.53#53: timed out\\n;; no servers could be reached\\n'
            exit 9
            """;

    @TempDir
    Path folder;

    private Manifests.Copy k8s;

    @BeforeEach
    void copy() throws IOException {
        k8s = new Manifests.Copy(folder, Map.of("MYSQL_DB_HOST", "198.51.100.7"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.10/32", "255.255.255.255/32", "2001:db8::10/128", "::1/128", "1::/128",
            "fd00:1:2:3:4:5:6:7/128"})
    void addresses_ofAnAddress_areIt(String address) {
        assertPrints(address, run(address.replaceFirst("/.*", "")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"256.1.1.1", "10.1", "1.2.3.4.5", "01.2.3.4", "1..2.3", "1:2:3:4:5:6:7", "1::2::3",
            "1:2:3:4:5:6:7:8:9", "12345::1", ":1:2:3:4:5:6:7", "g::1", ""})
    void addresses_ofWhatIsNone_areRefused(String host) {
        assertRefuses(run(host));
    }

    @Test
    void addresses_withoutAnArgument_areOfTheEnvFile() {
        assertPrints("198.51.100.7/32", run());
    }

    @Test
    void addresses_envFileHasWindowsLineEnds_areFound() throws IOException {
        Path file = k8s.path("database/database.env");
        Files.writeString(file, Files.readString(file).replace("\n", "\r\n"));

        assertPrints("198.51.100.7/32", run());
    }

    @Test
    void addresses_severalAndAliases_areSortedWithoutAliases() throws IOException {
        dig(answer("CNAME alias.example.com.", "A 192.0.2.11", "A 192.0.2.10", "A 192.0.2.11"),
                answer("CNAME alias.example.com.", "AAAA 2001:db8::10"));

        Manifests.Outcome outcome = run("mysql.example.com");

        assertPrints("192.0.2.10/32,192.0.2.11/32,2001:db8::10/128", outcome);
        k8s.set("EGRESS_ADDRESSES", outcome.output().strip().replaceFirst("EGRESS_ADDRESSES=", ""));
        assertEquals(List.of("192.0.2.10/32", "192.0.2.11/32", "2001:db8::10/128"),
                k8s.build("egress/by-address").the(ServiceEntry.class).getSpec().getAddresses());
    }

    /** As a .digrc can say. */
    @Test
    void addresses_digIsShort_areTheSame() throws IOException {
        dig("printf 'alias.example.com.\\n192.0.2.10\\n'", "printf 'alias.example.com.\\n2001:db8::10\\n'");

        assertPrints("192.0.2.10/32,2001:db8::10/128", run("mysql.example.com"));
    }

    @Test
    void addresses_digWarnsBeforeItAnswers_areTheAnswer() throws IOException {
        String warning = "printf ';; communications error to 2001:db8::53#53: timed out\\n'\n";
        dig(warning + answer("A 192.0.2.10"), answer());

        assertPrints("192.0.2.10/32", run("mysql.example.com"));
    }

    @Test
    void addresses_ofTheNameServers_areLeftOut() throws IOException {
        dig(answer("A 192.0.2.10") + "printf ';; AUTHORITY SECTION:\\nexample.com. 60 IN NS ns.example.com.\\n\\n"
                + ";; ADDITIONAL SECTION:\\nns.example.com. 60 IN A 192.0.2.53\\n'\n", answer());

        assertPrints("192.0.2.10/32", run("mysql.example.com"));
    }

    @Test
    void addresses_nameServerIsSilent_areRefused() throws IOException {
        dig(NO_ANSWER, NO_ANSWER);

        assertRefuses(run("mysql.example.com"));
    }

    @Test
    void addresses_nameServerIsSilentOnOneType_areRefused() throws IOException {
        dig(answer("A 192.0.2.10"), NO_ANSWER);

        assertRefuses(run("mysql.example.com"));
    }

    @Test
    void addresses_nameServerFailsOnOneType_areRefused() throws IOException {
        dig(answer("A 192.0.2.10"), answer().replace("NOERROR", "SERVFAIL"));

        assertRefuses(run("mysql.example.com"));
    }

    @Test
    void addresses_oneIsNotValid_areRefused() throws IOException {
        dig(answer("A 192.0.2.10", "A 256.1.1.1"), answer());

        assertRefuses(run("mysql.example.com"));
    }

    @Test
    void addresses_nameDoesNotExist_areRefused() throws IOException {
        dig(answer().replace("NOERROR", "NXDOMAIN"), answer().replace("NOERROR", "NXDOMAIN"));

        assertRefuses(run("mysql.example.com"));
    }

    private void dig(String onA, String onAaaa) throws IOException {
        Path dig = Files.writeString(Files.createDirectory(k8s.path("bin")).resolve("dig"),
                "#!/bin/sh\ncase \"$3\" in\nA)\n" + onA + "\n;;\nAAAA)\n" + onAaaa + "\n;;\nesac\n");
        assertTrue(dig.toFile().setExecutable(true));
    }

    private static String answer(String... records) {
        StringBuilder lines = new StringBuilder("cat <<'EOF'\n;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n"
                + ";; flags: qr rd ra; QUERY: 1, ANSWER: 1\n\n;; QUESTION SECTION:\n;mysql.example.com. IN A\n\n"
                + ";; ANSWER SECTION:\n");
        for (String record : records) {
            lines.append("mysql.example.com. 60 IN ").append(record).append('\n');
        }
        return lines.append("\nEOF\n").toString();
    }

    private Manifests.Outcome run(String... arguments) {
        String command = "PATH='" + k8s.path("bin") + "':$PATH; exec sh '" + k8s.path("addresses") + "'";
        for (String argument : arguments) {
            command += " '" + argument + "'";
        }
        return Manifests.run("sh", "-c", command);
    }

    private static void assertPrints(String addresses, Manifests.Outcome outcome) {
        assertEquals("EGRESS_ADDRESSES=" + addresses + "\n", outcome.output(), outcome.errors());
        assertEquals(0, outcome.exitCode());
    }

    /** With one line that says why, and nothing that could end up in database.env. */
    private static void assertRefuses(Manifests.Outcome outcome) {
        assertEquals("", outcome.output());
        assertTrue(outcome.errors().matches("addresses: .+\n"), outcome.errors());
        assertEquals(1, outcome.exitCode());
    }
}
