package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.diagnosis.Cause;
import org.bookinfo.ratings.testing.Certificate;
import org.bookinfo.ratings.testing.Ports;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * Causes of failed logins that need another configuration than {@link OutageTest} has, from what driver and server
 * really do. ConfigurationIT has those of the certificate's issuer and host.
 */
class CauseTest {

    private static TestDatabase database;

    private final List<Connection> opened = new ArrayList<>();

    @BeforeAll
    static void startDatabase() {
        database = TestDatabase.start();
    }

    @AfterEach
    void reset() {
        database.reset();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "TLS | require_secure_transport = ON | require_secure_transport = OFF | sslMode=DISABLED",
            "INIT_CONNECT_FAILED | init_connect = 'SELECT nosuchcolumn' | init_connect = '' | ``"})
    void login_settingOfTheServer_isTheCause(Cause cause, String setting, String restored, String properties) {
        database.execute("SET GLOBAL " + setting);
        try {
            assertEquals(cause, login(properties));
        } finally {
            database.execute("SET GLOBAL " + restored);
        }
    }

    /** MariaDB has no such mode. */
    @Test
    void login_serverInOfflineMode_isShuttingDownOnMySql() {
        if (!database.isMariaDb()) {
            login_settingOfTheServer_isTheCause(Cause.SHUTTING_DOWN, "offline_mode = ON", "offline_mode = OFF", "");
        }
        assertEquals(null, login(""));
    }

    @Test
    void login_clientDemandsTlsOfAServerWithout_isTls() {
        try (EmbeddedDatabase withoutTls = EmbeddedDatabase.start(Ports.free(), EmbeddedDatabase.WITHOUT_TLS)) {
            assertEquals(Cause.TLS, login("127.0.0.1", withoutTls.port(), "sslMode=REQUIRED"));
        }
    }

    /**
     * MySQL's default account cannot log in without TLS once the server has forgotten its password, as a restart does.
     */
    @Test
    void login_passwordThatNeedsTls_isTlsOnMySql() {
        database.execute("FLUSH PRIVILEGES");
        assertEquals(database.isMariaDb() ? null : Cause.TLS, login("sslMode=DISABLED"));
    }

    /** The driver verifies dates in every mode that uses TLS. */
    @Test
    void login_certificateExpired_isCertificateExpired(@TempDir Path folder) throws Exception {
        Certificate certificate = Certificate.in(folder, "dns:expired", "-startdate", "-9d", "-validity", "1");
        try (EmbeddedDatabase expired = EmbeddedDatabase.start(Ports.free(), "--ssl-cert=" + certificate.file(),
                "--ssl-key=" + certificate.key())) {
            assertEquals(Cause.CERTIFICATE_EXPIRED, login("127.0.0.1", expired.port(), "sslMode=PREFERRED"));
        }
    }

    @Test
    void login_serverWithoutAConnectionLeft_isTooManyConnections() throws SQLException {
        database.execute("SET GLOBAL max_connections = 10");
        try {
            Cause cause = null;
            for (int i = 0; cause == null && i < 12; i++) {
                cause = login("");
            }
            assertEquals(Cause.TOO_MANY_CONNECTIONS, cause);
        } finally {
            for (Connection each : opened) {
                each.close();
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
    void login_noGreeting_closesTheSocket() throws IOException {
        assertEquals(Cause.CLOSED_BEFORE_GREETING, loginToServerThatSends());
    }

    /** The second is the notice with which MySQL's X protocol begins. */
    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 400 Bad Request\r\n\r\n", "\5\0\0\0\13\10\5\32\0"})
    void login_anotherProtocol_isNotMysql(String firstWords) throws IOException {
        assertEquals(Cause.NOT_MYSQL, loginToServerThatSends(firstWords));
    }

    /** As a server that was upgraded to one without {@code mysql_native_password} does. */
    @Test
    void login_pluginThatTheServerLacks_isAuthenticationUnsupported() {
        database.execute(database.isMariaDb()
                ? "UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.plugin', 'gone') WHERE User = 'bookinfo'"
                : "UPDATE mysql.user SET plugin = 'gone' WHERE User = 'bookinfo'");
        database.execute("FLUSH PRIVILEGES");
        assertEquals(Cause.AUTHENTICATION_UNSUPPORTED, login(""));
    }

    /** MariaDB's ed25519: the embedded server cannot load it, and MySQL does not have it. */
    @Test
    void login_pluginThatTheDriverLacks_isAuthenticationUnsupported() throws IOException {
        assertEquals(Cause.AUTHENTICATION_UNSUPPORTED, loginToServerThatSends(
                packet("\0\n11.4.5-MariaDB\0" + "\1\0\0\0" + "12345678\0" + "\0\u0082" + "-" + "\2\0" + "\010\0"
                        + "\025" + "\0".repeat(10) + "123456789012\0" + "mysql_native_password\0"),
                packet("\2\u00feclient_ed25519\0salt")));
    }

    /** The driver wraps it, too, where it reads a packet. */
    @Test
    void login_memoryExhausted_isInternalError() {
        assertEquals(Cause.INTERNAL_ERROR, login(() -> {
            try {
                return DriverManager.getConnection(String.valueOf(new byte[Integer.MAX_VALUE].length));
            } catch (OutOfMemoryError e) {
                throw new SQLException(e);
            }
        }));
    }

    /** @param content of a packet of MySQL's protocol, from the sequence number on */
    private static String packet(String content) {
        return (char) (content.length() - 1) + "\0\0" + content;
    }

    /** A server that sends these texts, each but the first when the client has spoken, and then ends. */
    private Cause loginToServerThatSends(String... texts) throws IOException {
        try (ServerSocket server = new ServerSocket(0)) {
            CompletableFuture<Void> served = CompletableFuture.runAsync(() -> {
                try (Socket client = server.accept()) {
                    for (int i = 0; i < texts.length; i++) {
                        if (i > 0) {
                            client.getInputStream().read(new byte[8192]);
                        }
                        client.getOutputStream().write(texts[i].getBytes(StandardCharsets.ISO_8859_1));
                    }
                    client.shutdownOutput();
                    client.getInputStream().readAllBytes();
                } catch (IOException e) {
                    // The driver has seen enough.
                }
            });
            Cause cause = login("127.0.0.1", server.getLocalPort(), "");
            served.orTimeout(10, TimeUnit.SECONDS).join(); // this side has closed the connection
            return cause;
        }
    }

    private Cause login(String properties) {
        return login(database.host(), database.port(), properties);
    }

    /**
     * Logs in as the service does.
     *
     * @return null if that succeeds
     */
    private Cause login(String host, int port, String properties) {
        String url = "jdbc:mysql://" + host + ":" + port + "/?connectTimeout=20000&socketTimeout=20000&socketFactory="
                + DatabaseSockets.class.getName() + "&sessionVariables=autocommit=1&" + properties;
        return login(() -> {
            Connection connection = DriverManager.getConnection(url, "bookinfo", TestDatabase.PASSWORD);
            opened.add(connection);
            return connection;
        });
    }

    private static Cause login(Callable<Connection> source) {
        LinkedBlockingQueue<Session> finished = new LinkedBlockingQueue<>();
        new Session(source, false, finished::add).start();
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
