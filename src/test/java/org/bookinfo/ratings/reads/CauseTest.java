package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.diagnosis.Cause;
import org.bookinfo.ratings.testing.Ports;
import org.bookinfo.ratings.testing.TestDatabase;
import org.bookinfo.ratings.testing.TrustStore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * Causes of failed logins that need another configuration than {@link OutageTest} has, from what driver and server
 * really do.
 */
class CauseTest {

    @TempDir
    private static Path folder;

    private static TestDatabase database;
    private static EmbeddedDatabase withoutTls;

    @BeforeAll
    static void start() {
        database = TestDatabase.start();
        withoutTls = EmbeddedDatabase.start(Ports.free(), "--skip-ssl");
    }

    @AfterAll
    static void stop() {
        withoutTls.close();
    }

    @AfterEach
    void reset() {
        database.reset();
    }

    @Test
    void login_hostThatDoesNotResolve_isUnknownHost() {
        assertEquals(Cause.UNKNOWN_HOST, login("nosuchhost.invalid", 3306, "bookinfo", ""));
    }

    @Test
    void login_serverDemandsTlsOfAClientWithout_isTls() {
        database.execute("SET GLOBAL require_secure_transport = ON");
        try {
            assertEquals(Cause.TLS, login("sslMode=DISABLED"));
        } finally {
            database.execute("SET GLOBAL require_secure_transport = OFF");
        }
    }

    @Test
    void login_clientDemandsTlsOfAServerWithout_isTls() {
        assertEquals(Cause.TLS, login("127.0.0.1", withoutTls.port(), "bookinfo", "sslMode=REQUIRED"));
    }

    @Test
    void login_serverIsNotTrusted_isCertificateNotTrusted() {
        assertEquals(Cause.CERTIFICATE_NOT_TRUSTED, login("sslMode=VERIFY_CA"));
    }

    /** Neither server's certificate, made by itself, is for the name or address that it is reached at. */
    @Test
    void login_certificateForAnotherHost_isCertificateForAnotherHost() throws Exception {
        Path trustStore = TrustStore.forServer(database, folder, "secret");
        assertEquals(Cause.CERTIFICATE_FOR_ANOTHER_HOST,
                login("sslMode=VERIFY_IDENTITY&trustCertificateKeyStoreUrl=" + trustStore.toUri()
                        + "&trustCertificateKeyStoreType=PKCS12&trustCertificateKeyStorePassword=secret"));
    }

    /**
     * MySQL's default account cannot log in without TLS once the server has forgotten its password, as a restart does.
     */
    @Test
    void login_passwordThatNeedsTls_isTlsOnMySql() {
        database.execute("FLUSH PRIVILEGES");
        // MariaDB's default account can log in; then nothing fails but the end of the test's own session
        assertEquals(database.isMariaDb() ? null : Cause.TLS, login("sslMode=DISABLED"));
    }

    @Test
    void login_webServer_isNotMysql() throws Exception {
        try (ServerSocket web = new ServerSocket(0)) {
            Thread thread = new Thread(() -> greet(web, "HTTP/1.1 400 Bad Request\r\n\r\n"));
            thread.start();
            assertEquals(Cause.NOT_MYSQL, login("127.0.0.1", web.getLocalPort(), "bookinfo", ""));
            thread.join();
        }
    }

    @Test
    void login_serverWithoutAConnectionLeft_isTooManyConnections() throws SQLException {
        List<Connection> others = new ArrayList<>();
        database.execute("SET GLOBAL max_connections = 10");
        try {
            Cause cause = null;
            for (int i = 0; cause == null && i < 12; i++) {
                cause = login(database.host(), database.port(), "bookinfo", "", others);
            }
            assertEquals(Cause.TOO_MANY_CONNECTIONS, cause);
        } finally {
            for (Connection other : others) {
                other.close();
            }
            database.execute("SET GLOBAL max_connections = 151");
        }
    }

    @Test
    void login_hourlyLimitUsedUp_isHourlyLimit() {
        database.execute("ALTER USER 'bookinfo'@'%' WITH MAX_CONNECTIONS_PER_HOUR 1");
        assertEquals(null, login(""));
        assertEquals(Cause.HOURLY_LIMIT, login(""));
    }

    @Test
    void login_initConnectFails_isInitConnectFailed() {
        database.execute("SET GLOBAL init_connect = 'SELECT nosuchcolumn'");
        try {
            assertEquals(Cause.INIT_CONNECT_FAILED, login(""));
        } finally {
            database.execute("SET GLOBAL init_connect = ''");
        }
    }

    @Test
    void login_serverInOfflineMode_isShuttingDownOnMySql() {
        boolean mysql = !database.isMariaDb(); // which has no such mode
        if (mysql) {
            database.execute("SET GLOBAL offline_mode = ON");
        }
        try {
            assertEquals(mysql ? Cause.SHUTTING_DOWN : null, login(""));
        } finally {
            if (mysql) {
                database.execute("SET GLOBAL offline_mode = OFF");
            }
        }
    }

    /** The driver verifies dates in every mode that uses TLS. */
    @Test
    void login_certificateExpired_isCertificateExpired() throws Exception {
        Path store = folder.resolve("expired.p12");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair", "-alias", "server", "-keyalg", "RSA", "-dname", "CN=expired", "-startdate", "-9d",
                "-validity",
                "1", "-storetype", "PKCS12", "-storepass", "secret", "-keystore", store.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        assertEquals(0, keytool.waitFor());
        KeyStore keys = KeyStore.getInstance(store.toFile(), "secret".toCharArray());
        Path certificate = writePem("CERTIFICATE", keys.getCertificate("server").getEncoded());
        Path key = writePem("PRIVATE KEY", keys.getKey("server", "secret".toCharArray()).getEncoded());
        try (EmbeddedDatabase expired = EmbeddedDatabase.start(Ports.free(), "--ssl-cert=" + certificate,
                "--ssl-key=" + key)) {
            assertEquals(Cause.CERTIFICATE_EXPIRED,
                    login("127.0.0.1", expired.port(), "bookinfo", "sslMode=PREFERRED"));
        }
    }

    private static Path writePem(String type, byte[] content) throws IOException {
        String text = Base64.getMimeEncoder(64, new byte[]{'\n'}).encodeToString(content);
        return Files.writeString(folder.resolve(type.replace(' ', '-')),
                "-----BEGIN " + type + "-----\n" + text + "\n-----END " + type + "-----\n");
    }

    /** Which the embedded server cannot load, and MySQL does not have: MariaDB's ed25519. */
    @Test
    void login_pluginThatTheDriverLacks_isAuthenticationUnsupported() throws Exception {
        try (ServerSocket server = new ServerSocket(0)) {
            Thread thread = new Thread(() -> converse(server,
                    "\0\n11.4.5-MariaDB\0" + "\1\0\0\0" + "12345678\0" + "\0\u0082" + "-" + "\2\0" + "\010\0" + "\025"
                            + "\0".repeat(10) + "123456789012\0" + "mysql_native_password\0",
                    "\2\u00feclient_ed25519\0salt"));
            thread.start();
            assertEquals(Cause.AUTHENTICATION_UNSUPPORTED, login("127.0.0.1", server.getLocalPort(), "bookinfo", ""));
            thread.join();
        }
    }

    /** @param packets of MySQL's protocol, from the sequence number on; each follows an answer */
    private static void converse(ServerSocket server, String... packets) {
        try (Socket client = server.accept()) {
            for (String packet : packets) {
                byte[] bytes = packet.getBytes(StandardCharsets.ISO_8859_1);
                client.getOutputStream().write(new byte[]{(byte) (bytes.length - 1), 0, 0});
                client.getOutputStream().write(bytes);
                client.getInputStream().read(new byte[8192]);
            }
        } catch (IOException e) {
            // The driver has seen enough.
        }
    }

    private static void greet(ServerSocket server, String greeting) {
        try (Socket client = server.accept()) {
            client.getOutputStream().write(greeting.getBytes(StandardCharsets.US_ASCII));
            client.getOutputStream().flush();
            client.shutdownOutput();
            client.getInputStream().readAllBytes();
        } catch (IOException e) {
            // The driver has seen enough.
        }
    }

    private static Cause login(String properties) {
        return login(database.host(), database.port(), "bookinfo", properties);
    }

    private static Cause login(String host, int port, String user, String properties) {
        return login(host, port, user, properties, new ArrayList<>());
    }

    /**
     * Logs in as the service does.
     *
     * @return null if that succeeds
     */
    private static Cause login(String host, int port, String user, String properties, List<Connection> opened) {
        String url = "jdbc:mysql://" + host + ":" + port + "/?connectTimeout=20000&socketTimeout=20000&socketFactory="
                + DatabaseSockets.class.getName() + "&sessionVariables=autocommit=1&" + properties;
        LinkedBlockingQueue<Session> finished = new LinkedBlockingQueue<>();
        new Session(() -> {
            Connection connection = DriverManager.getConnection(url, user, TestDatabase.PASSWORD);
            opened.add(connection);
            return connection;
        }, false, finished::add).start();
        try {
            Session attempt = finished.poll(30, TimeUnit.SECONDS);
            if (attempt.failure() != null && attempt.failure().cause() == Cause.LOGIN_FAILED) {
                throw new AssertionError(attempt.failure());
            }
            return attempt.failure() == null ? null : attempt.failure().cause();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
