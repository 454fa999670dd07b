package org.bookinfo.ratings.settings;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.Certificate;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.Ports;
import org.bookinfo.ratings.testing.TestDatabase;
import org.bookinfo.ratings.testing.TrustStore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * What the environment can say, to the packaged application: each setting that cannot work ends it at once with one
 * sentence, and the others do what the README says.
 */
class ConfigurationIT {

    private static final String TRUST_STORE_PASSWORD = "trust & \"store\" %'s ${password}";

    private static TestDatabase database;

    @TempDir
    private static Path folder;

    /** Its certificate names where it is reached, unlike those that servers make themselves. */
    private static Certificate certificate;
    private static EmbeddedDatabase certified;

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

    /** What connects to the database, with changes: name and value in turn, null for a variable that is not set. */
    private static Map<String, String> environment(String... changes) {
        Map<String, String> environment = TestDatabase.environment(database.host(), database.port());
        for (int i = 0; i < changes.length; i += 2) {
            if (changes[i + 1] == null) {
                environment.remove(changes[i]);
            } else {
                environment.put(changes[i], changes[i + 1]);
            }
        }
        return environment;
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
        for (String output : new String[]{application.out(), application.err()}) {
            assertFalse(output.contains(TestDatabase.PASSWORD), output);
            assertFalse(output.contains(TestDatabase.PASSWORD.substring(0, 6)), output);
            assertFalse(output.contains(TRUST_STORE_PASSWORD), output);
        }
    }

    @Test
    void severalVariablesMissingOrMalformed_endTheProcessNamingEach() {
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
            "MYSQL_DB_USER, `book\ninfo`",
            "MYSQL_DB_SSL_MODE, `${`", "MYSQL_DB_SSLMODE, VERIFY_CA", "RATINGS_DEADLINE, fast", "RATINGS_DEADLINE, ``",
            "RATINGS_DEADLINE, `${`", "RATINGS_LOG_JSON, ``", "QUARKUS_HTTP_PORT, 70000", "QUARKUS_HTTP_PORT, `${`"})
    void valueThatCannotWork_endsTheProcess(String variable, String value) {
        assertRefused(variable, environment(variable, value));
    }

    /** An executable decodes variables in the locale in which it was compiled. */
    @Test
    void passwordNotInTheLocalesCharacterSet_endsTheProcess() {
        assumeTrue(PackagedApplication.isJar(), "the executable's locale is fixed");
        assertRefused("MYSQL_DB_PASSWORD", environment("LANG", "C"));
    }

    @Test
    void valuesThatAreProbablyMistakes_areLoggedWithoutPassword() throws Exception {
        String password = "s3cret\r";
        try (PackagedApplication application = new PackagedApplication(environment("MYSQL_DB_PASSWORD", password,
                "MYSQL_DB_TRUST_STORE", trustStore(), "MYSQL_DB_TRUST_STORE_PASSWORD", TRUST_STORE_PASSWORD))
                .awaitStart()) {
            List<String> warnings = application.out().lines().filter(line -> line.contains("MYSQL_DB_"))
                    .map(line -> line.replaceFirst(".*?(?=MYSQL_DB_)", "").strip()).toList();
            assertEquals(List.of(
                    "MYSQL_DB_PASSWORD has white space or quotation marks around it, which are taken as part of it",
                    "MYSQL_DB_TRUST_STORE is not used: MYSQL_DB_SSL_MODE is PREFERRED,"
                            + " which does not verify the server"),
                    warnings);
            assertFalse(application.out().contains("s3cret"), application.out());
        }
    }

    private static void assertServes(Map<String, String> environment) {
        assertServes(environment, Map.of());
    }

    private static void assertServes(Map<String, String> environment, Map<String, String> properties) {
        try (PackagedApplication application = new PackagedApplication(environment, properties).awaitStart()) {
            Await.until("the service answers", () -> application.http().get("/ratings/0").summary().equals(GOOD));
            String wellness = application.http().get("/q/health/well").body();
            assertTrue(wellness.contains("\"status\": \"UP\""), wellness);
            assertEquals("", application.err());
            assertShowsNoPassword(application);
        }
    }

    /** Answers 503, and tells the operator that cause. */
    private static void assertNames(String cause, String address, Map<String, String> environment) {
        try (PackagedApplication application = new PackagedApplication(environment).awaitStart()) {
            Await.until("the cause is " + cause,
                    () -> application.http().get("/q/health/well").body().contains("\"cause\": \"" + cause + "\""));
            String wellness = application.http().get("/q/health/well").body();
            assertTrue(wellness.contains("\"address\": \"" + address + "\""), wellness);
            assertEquals("503 {\"error\":\"could not connect to ratings database\"}",
                    application.http().get("/ratings/0").summary());
            assertTrue(application.out().contains(address), application.out());
            assertShowsNoPassword(application);
        }
    }

    private static String trustStore() throws Exception {
        return TrustStore.forServer(database, folder, TRUST_STORE_PASSWORD).toString();
    }

    private static String address() {
        return database.host() + ":" + database.port();
    }

    @ParameterizedTest
    @CsvSource(nullValues = "none", value = {"none", "DISABLED", "PREFERRED", "REQUIRED", "required", "''"})
    void sslModeThatNeedsNoTrustStore_serves(String mode) {
        if ("DISABLED".equals(mode)) {
            // Without TLS, caching_sha2_password takes a login only after another one over TLS.
            assertServes(environment());
        }
        assertServes(environment("MYSQL_DB_SSL_MODE", mode));
    }

    @Test
    void sslModeVerifyCa_trustStoreWithTheServersAuthority_serves() throws Exception {
        assertServes(environment("MYSQL_DB_SSL_MODE", "VERIFY_CA", "MYSQL_DB_TRUST_STORE", trustStore(),
                "MYSQL_DB_TRUST_STORE_PASSWORD", TRUST_STORE_PASSWORD));
    }

    @Test
    void sslModeVerifyCa_noTrustStore_isNotTrusted() {
        assertNames("certificate-not-trusted", address(), environment("MYSQL_DB_SSL_MODE", "VERIFY_CA"));
    }

    /** Neither server's certificate, made by itself, is for the name or address that it is reached at. */
    @Test
    void sslModeVerifyIdentity_certificateForAnotherHost_isToldSo() throws Exception {
        assertNames("certificate-for-another-host", address(),
                environment("MYSQL_DB_SSL_MODE", "verify_identity", "MYSQL_DB_TRUST_STORE", trustStore(),
                        "MYSQL_DB_TRUST_STORE_PASSWORD", TRUST_STORE_PASSWORD));
    }

    /** The driver compares text: it takes a name for another one with a final dot, and ::1 for no form of ::1. */
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1", "database.example."})
    void sslModeVerifyIdentity_certificateForTheHost_serves(String host) throws Exception {
        Path hosts = Files.writeString(folder.resolve("hosts"), "127.0.0.1 database.example\n");
        Map<String, String> environment = environment("MYSQL_DB_HOST", host, "MYSQL_DB_PORT",
                String.valueOf(certified.port()), "MYSQL_DB_SSL_MODE", "VERIFY_IDENTITY", "MYSQL_DB_TRUST_STORE",
                certificate.trustStore().toString(), "MYSQL_DB_TRUST_STORE_PASSWORD", certificate.password());

        assertServes(environment, Map.of("jdk.net.hosts.file", hosts.toString()));
    }

    @Test
    void trustStorePasswordWrong_endsTheProcess() throws Exception {
        assertRefused("MYSQL_DB_TRUST_STORE", environment("MYSQL_DB_TRUST_STORE", trustStore(),
                "MYSQL_DB_TRUST_STORE_PASSWORD", "wrong"));
    }

    @Test
    void passwordWrong_isDenied() {
        assertNames("access-denied", address(),
                environment("MYSQL_DB_PASSWORD", TestDatabase.PASSWORD + "x", "QUARKUS_LOG_LEVEL", "DEBUG"));
    }

    @Test
    void logAtItsMostTalkative_showsNoPassword() {
        assertServes(environment("QUARKUS_LOG_LEVEL", "ALL", "QUARKUS_LOG_MIN_LEVEL", "ALL"));
    }

    /** The server then knows no login, so that caching_sha2_password asks for the password itself, which needs TLS. */
    @Test
    void serverJustRestarted_serves() {
        database.restart();
        assertServes(environment());
    }

    @Test
    void portNotGiven_is3306() {
        assertNames("unknown-host", "nowhere.invalid:3306",
                environment("MYSQL_DB_HOST", "nowhere.invalid", "MYSQL_DB_PORT", null));
    }

    @Test
    void hostAnIpv6Address_isConnectedTo() throws IOException {
        try (ServerSocket server = new ServerSocket()) {
            server.bind(new InetSocketAddress(InetAddress.getByName("::1"), 0));
            Thread closer = new Thread(() -> closeWhatConnects(server), "closer");
            closer.setDaemon(true);
            closer.start();
            assertNames("closed-before-greeting", "[::1]:" + server.getLocalPort(), environment("MYSQL_DB_HOST", "::1",
                    "MYSQL_DB_PORT", String.valueOf(server.getLocalPort())));
        }
    }

    private static void closeWhatConnects(ServerSocket server) {
        try {
            while (true) {
                server.accept().close();
            }
        } catch (IOException e) {
            // The test is over.
        }
    }
}
