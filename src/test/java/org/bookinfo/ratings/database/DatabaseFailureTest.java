package org.bookinfo.ratings.database;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.testing.Ports;
import org.bookinfo.ratings.testing.TestDatabase;
import org.bookinfo.ratings.testing.TrustStore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Causes that need another configuration than {@link OutageTest} has, recognised from what the driver really throws.
 */
class DatabaseFailureTest {

    @TempDir
    private static Path folder;

    private static TestDatabase database;
    private static EmbeddedDatabase withoutTls;

    @BeforeAll
    static void start() throws SQLException {
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
    void from_hostThatDoesNotResolve_isUnknownHost() {
        assertEquals(DatabaseFailure.UNKNOWN_HOST, whileConnecting("nosuchhost.invalid", 3306, ""));
    }

    @Test
    void from_serverThatDemandsTlsOfAClientWithout_isTls() throws SQLException {
        try (Connection admin = database.connect(); Statement statement = admin.createStatement()) {
            statement.execute("SET GLOBAL require_secure_transport = ON");
            try {
                assertEquals(DatabaseFailure.TLS,
                        whileConnecting(database.host(), database.port(), "sslMode=DISABLED"));
            } finally {
                statement.execute("SET GLOBAL require_secure_transport = OFF");
            }
        }
    }

    @Test
    void from_clientThatDemandsTlsOfAServerWithout_isTls() {
        assertEquals(DatabaseFailure.TLS, whileConnecting("127.0.0.1", withoutTls.port(), "sslMode=REQUIRED"));
    }

    @Test
    void from_serverThatIsNotTrusted_isCertificateNotTrusted() {
        assertEquals(DatabaseFailure.CERTIFICATE_NOT_TRUSTED,
                whileConnecting(database.host(), database.port(), "sslMode=VERIFY_CA"));
    }

    /** Neither server's certificate, made by itself, is for the name or address that it is reached at. */
    @Test
    void from_serverWithACertificateForAnotherHost_isCertificateForAnotherHost() throws Exception {
        Path trustStore = TrustStore.forServer(database, folder, "secret");
        assertEquals(DatabaseFailure.CERTIFICATE_FOR_ANOTHER_HOST,
                whileConnecting(database.host(), database.port(), "sslMode=VERIFY_IDENTITY&trustCertificateKeyStoreUrl="
                        + trustStore.toUri()
                        + "&trustCertificateKeyStoreType=PKCS12&trustCertificateKeyStorePassword=secret"));
    }

    /** MySQL's default account cannot log in without TLS once the server has forgotten its password, as a restart does. */
    @Test
    void from_passwordThatNeedsTls_isTlsOnMySql() throws SQLException {
        database.execute("FLUSH PRIVILEGES");
        String url = url(database.host(), database.port(), "sslMode=DISABLED");
        if (database.isMariaDb()) {
            DriverManager.getConnection(url, "bookinfo", TestDatabase.PASSWORD).close(); // its default account can
        } else {
            assertEquals(DatabaseFailure.TLS, whileConnecting(database.host(), database.port(), "sslMode=DISABLED"));
        }
    }

    /** What a web server says first is none of MySQL's packets. */
    @Test
    void from_somethingThatIsNoDatabase_isLoginFailed() throws Exception {
        try (ServerSocket web = new ServerSocket(0)) {
            Thread thread = new Thread(() -> {
                try (Socket client = web.accept()) {
                    client.getOutputStream()
                            .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                    client.getOutputStream().flush();
                    client.shutdownOutput();
                    client.getInputStream().readAllBytes();
                } catch (IOException e) {
                    // The driver has seen enough.
                }
            });
            thread.start();
            assertEquals(DatabaseFailure.LOGIN_FAILED, whileConnecting("127.0.0.1", web.getLocalPort(), ""));
            thread.join();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost:3306", "127.0.0.1:3306", "127.1.2.3:3306", "[::1]:3306",
            "[0:0:0:0:0:0:0:1]:3306"})
    void hint_refusedByLoopback_saysThatAPodIsMeant(String address) {
        String hint = DatabaseFailure.CONNECTION_REFUSED.hint(address);
        assertTrue(hint.contains("this address is the Pod itself"), hint);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql.example.com:3306", "localhost.example.com:3306", "10.127.0.1:3306",
            "[2001:db8::1]:3306",
            "[::]:3306"})
    void hint_refusedByAnotherHost_saysNothingOfPods(String address) {
        String hint = DatabaseFailure.CONNECTION_REFUSED.hint(address);
        assertFalse(hint.contains("Pod"), hint);
    }

    @Test
    void from_serverWithoutAConnectionLeft_isTooManyConnections() throws SQLException {
        try (Connection admin = database.connect(); Statement statement = admin.createStatement()) {
            statement.execute("SET GLOBAL max_connections = 10");
            Connection[] others = new Connection[12];
            try {
                SQLException refused = assertThrows(SQLException.class, () -> {
                    for (int i = 0; i < others.length; i++) {
                        others[i] = DriverManager.getConnection(url(database.host(), database.port(), ""), "bookinfo",
                                TestDatabase.PASSWORD);
                    }
                });
                assertEquals(DatabaseFailure.TOO_MANY_CONNECTIONS, DatabaseFailure.from(refused, false, true));
            } finally {
                statement.execute("SET GLOBAL max_connections = 151");
                for (Connection other : others) {
                    if (other != null) {
                        other.close();
                    }
                }
            }
        }
    }

    @Test
    void hint_ofEachCause_namesTheAddressAndWhatToDo() {
        for (DatabaseFailure failure : DatabaseFailure.values()) {
            String hint = failure.hint("db.example:3306");
            assertTrue(hint.contains("db.example:3306"), hint);
            assertTrue(hint.length() > 30, hint);
            assertTrue(failure.status() == 503 || failure.status() == 500);
        }
    }

    /** Connects as the service does: on a thread that is handed the socket. */
    private static final class Attempt extends Thread implements Consumer<Socket> {

        private final String url;
        private Socket socket;
        private SQLException thrown;

        Attempt(String url) {
            this.url = url;
        }

        @Override
        public void accept(Socket socket) {
            this.socket = socket;
        }

        @Override
        public void run() {
            try {
                DriverManager.getConnection(url, "bookinfo", TestDatabase.PASSWORD).close();
            } catch (SQLException e) {
                thrown = e;
            }
        }

        boolean isGreeted() {
            return socket instanceof BooleanSupplier greeted && greeted.getAsBoolean();
        }
    }

    private static DatabaseFailure whileConnecting(String host, int port, String properties) {
        Attempt attempt = new Attempt(url(host, port, properties));
        attempt.start();
        try {
            attempt.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        assertNotNull(attempt.thrown, "it has connected");
        return DatabaseFailure.from(attempt.thrown, false, attempt.isGreeted());
    }

    private static String url(String host, int port, String properties) {
        return "jdbc:mysql://" + host + ":" + port + "/test?connectTimeout=5000&socketTimeout=5000&socketFactory="
                + DatabaseSockets.class.getName() + "&" + properties;
    }
}
