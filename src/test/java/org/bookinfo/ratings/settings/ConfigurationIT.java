package org.bookinfo.ratings.settings;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.testing.Certificate;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.Ports;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * The environment of the packaged application: each setting that cannot work ends it at once with one sentence, and the
 * others do what the README says.
 */
class ConfigurationIT {

    private static TestDatabase database;

    @TempDir
    private static Path folder;

    /** Its certificate names its addresses, unlike those that servers make themselves. */
    private static EmbeddedDatabase certified;
    private static Certificate certificate;

    @BeforeAll
    static void startDatabases() throws Exception {
        database = TestDatabase.start();
        certificate = Certificate.in(folder, "dns:database.example,ip:127.0.0.1,ip:::1");
        certified = EmbeddedDatabase.start(Ports.free(), "--bind-address=127.0.0.1,::1",
                "--ssl-cert=" + certificate.file(), "--ssl-key=" + certificate.key());
        EmbeddedDatabase.prepare(certified.adminUrl(), EmbeddedDatabase.ADMIN, certified.adminPassword(),
                TestDatabase.PASSWORD);
    }

    @AfterAll
    static void stopDatabase() {
        certified.close();
    }

    private static Map<String, String> environment(String... changes) {
        return TestDatabase.environment(database.host(), database.port(), changes);
    }

    /** For the server whose certificate is trusted, by the name or address and with the mode. */
    private static Map<String, String> trusting(String host, String sslMode) {
        return TestDatabase.environment(host, certified.port(), "MYSQL_DB_SSL_MODE", sslMode, "MYSQL_DB_TRUST_STORE",
                certificate.trustStore().toString(), "MYSQL_DB_TRUST_STORE_PASSWORD", Certificate.PASSWORD);
    }

    private static void assertRefused(String variable, Map<String, String> environment) {
        try (PackagedApplication application = new PackagedApplication(environment)) {
            assertEquals(1, application.exitCode(), application.out());
            assertTrue(application.err().matches("[^\n]*\\b" + variable + "\\b[^\n]*\\.\n"), application.err());
            assertEquals("", application.out());
            assertShowsNoPassword(application);
        }
    }

    private static void assertShowsNoPassword(PackagedApplication application) {
        String output = application.out() + application.err();
        assertFalse(output.contains(TestDatabase.PASSWORD.substring(0, 6)), output);
        assertFalse(output.contains(Certificate.PASSWORD), output);
    }

    /** Names below example are this host's. */
    private static PackagedApplication start(Map<String, String> environment) throws Exception {
        Path hosts = Files.writeString(folder.resolve("hosts"),
                "127.0.0.1 database.example\n127.0.0.1 another.example\n");
        boolean example = environment.get("MYSQL_DB_HOST").contains(".example");
        return new PackagedApplication(environment,
                example ? Map.of("jdk.net.hosts.file", hosts.toString()) : Map.of()).awaitStart();
    }

    private static void assertServes(Map<String, String> environment) throws Exception {
        environment.put("RATINGS_DEADLINE", "10s"); // a slow machine is no outage
        try (PackagedApplication application = start(environment)) {
            application.http().await(Http.GOOD);
            assertTrue(application.http().well().contains("\"status\": \"UP\""), application::out);
            assertEquals("", application.err());
            assertShowsNoPassword(application);
        }
    }

    /** Answers 503, and reports that cause to the operator. */
    private static void assertReports(String cause, String address, Map<String, String> environment) throws Exception {
        try (PackagedApplication application = start(environment)) {
            application.http().awaitCause(cause);
            assertTrue(application.http().well().contains("\"address\": \"" + address + "\""));
            assertEquals(Http.NOT_CONNECTED, application.http().ratings());
            assertTrue(application.out().contains(address), application.out());
            assertShowsNoPassword(application);
        }
    }

    private static String address() {
        return database.host() + ":" + database.port();
    }

    @Test
    void start_severalVariablesMissingOrMalformed_endsTheProcessNamingEach() {
        try (PackagedApplication application = new PackagedApplication(
                Map.of("MYSQL_DB_PORT", "abc", "MYSQL_DB_TRUST_STORE", "no-such-file"))) {
            assertEquals(1, application.exitCode(), application.out());
            assertEquals(List.of("MYSQL_DB_HOST", "MYSQL_DB_USER", "MYSQL_DB_PASSWORD", "MYSQL_DB_PORT",
                    "MYSQL_DB_TRUST_STORE"),
                    application.err().lines().map(line -> line.replaceFirst(" .*\\.$", "")).toList());
            assertEquals("", application.out());
        }
    }

    /** Values that the framework would refuse in other words, or expand; {@link SettingsCheckTest} has the rest. */
    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', value = {"MYSQL_DB_HOST, `${`", "MYSQL_DB_PORT, `${`",
            "MYSQL_DB_USER, `book\ninfo`", "MYSQL_DB_SSL_MODE, `${`", "MYSQL_DB_SSLMODE, VERIFY_CA",
            "RATINGS_DEADLINE, fast", "RATINGS_DEADLINE, ``", "RATINGS_DEADLINE, `${`", "RATINGS_LOG_JSON, ``",
            "QUARKUS_HTTP_PORT, 70000", "QUARKUS_HTTP_PORT, `${`"})
    void start_valueThatCannotWork_endsTheProcess(String variable, String value) {
        assertRefused(variable, environment(variable, value));
    }

    @Test
    void start_trustStorePasswordWrong_endsTheProcess() {
        Map<String, String> environment = trusting("127.0.0.1", "VERIFY_CA");
        environment.put("MYSQL_DB_TRUST_STORE_PASSWORD", "wrong");
        assertRefused("MYSQL_DB_TRUST_STORE", environment);
    }

    /** An executable decodes variables in the locale in which it was compiled. */
    @Test
    void start_passwordNotInTheLocalesCharacterSet_endsTheProcess() {
        assumeTrue(PackagedApplication.isJar(), "the executable's locale is fixed");
        assertRefused("MYSQL_DB_PASSWORD", environment("LANG", "C"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3cret\r", " s3cret", "'s3cret'", "\"s3cret\""})
    void start_valuesThatAreProbablyMistakes_areLoggedWithoutPassword(String password) throws Exception {
        Map<String, String> environment = trusting("127.0.0.1", null);
        environment.put("MYSQL_DB_PASSWORD", password);
        try (PackagedApplication application = start(environment)) {
            assertEquals(List.of(
                    "MYSQL_DB_PASSWORD has white space or quotation marks around it, which are taken as part of it",
                    "MYSQL_DB_TRUST_STORE is not used: MYSQL_DB_SSL_MODE is PREFERRED,"
                            + " which does not verify the server"),
                    application.out().lines().filter(line -> line.contains("MYSQL_DB_"))
                            .map(line -> line.replaceFirst(".*?(?=MYSQL_DB_)", "").strip()).toList());
            assertFalse(application.out().contains("s3cret"), application.out());
        }
    }

    @ParameterizedTest
    @CsvSource(nullValues = "none", value = {"none", "DISABLED", "PREFERRED", "REQUIRED", "required", "''"})
    void sslMode_thatNeedsNoTrustStore_serves(String mode) throws Exception {
        if ("DISABLED".equals(mode)) {
            // Without TLS, caching_sha2_password takes a login only after another one over TLS.
            assertServes(environment());
        }
        assertServes(environment("MYSQL_DB_SSL_MODE", mode));
    }

    /** The driver compares text: it takes a name for another one with a final dot, and ::1 for no form of ::1. */
    @ParameterizedTest
    @CsvSource({"VERIFY_CA, another.example", "VERIFY_IDENTITY, 127.0.0.1", "VERIFY_IDENTITY, ::1",
            "verify_identity, database.example."})
    void sslMode_certificateTrusted_serves(String mode, String host) throws Exception {
        assertServes(trusting(host, mode));
    }

    @Test
    void sslMode_verifyCaWithoutTrustStore_isNotTrusted() throws Exception {
        assertReports("certificate-not-trusted", address(), environment("MYSQL_DB_SSL_MODE", "VERIFY_CA"));
    }

    @Test
    void sslMode_verifyIdentityOfAnotherHost_isReported() throws Exception {
        assertReports("certificate-for-another-host", "another.example:" + certified.port(),
                trusting("another.example", "VERIFY_IDENTITY"));
    }

    @Test
    void log_atItsMostDetailed_showsNoPassword() throws Exception {
        assertServes(environment("QUARKUS_LOG_LEVEL", "ALL", "QUARKUS_LOG_MIN_LEVEL", "ALL"));
        assertReports("access-denied", address(),
                environment("MYSQL_DB_PASSWORD", TestDatabase.PASSWORD + "x", "QUARKUS_LOG_LEVEL", "DEBUG"));
    }

    @Test
    void port_notGiven_is3306() throws Exception {
        assertReports("unknown-host", "nowhere.invalid:3306",
                environment("MYSQL_DB_HOST", "nowhere.invalid", "MYSQL_DB_PORT", null));
    }

    @Test
    void host_ipv6Address_isShownInBrackets() throws Exception {
        int port = Ports.free();
        assertReports("connection-refused", "[::1]:" + port,
                environment("MYSQL_DB_HOST", "::1", "MYSQL_DB_PORT", String.valueOf(port)));
    }
}
