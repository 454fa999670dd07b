package org.bookinfo.ratings.database;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumSet;

import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.dev.EmbeddedDatabaseConfig;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Causes that need another configuration than {@link OutageTest} has, recognised from what the driver really throws.
 */
class DatabaseFailureTest {

    private static TestDatabase database;
    private static EmbeddedDatabase withoutTls;

    @BeforeAll
    static void start() throws SQLException {
        database = TestDatabase.start();
        withoutTls = EmbeddedDatabase.start(EmbeddedDatabaseConfig.freePort(), "--skip-ssl");
    }

    @AfterAll
    static void stop() {
        withoutTls.close();
        database.close();
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
    void from_serverThatIsNotTrusted_isTls() {
        assertEquals(DatabaseFailure.TLS, whileConnecting(database.host(), database.port(), "sslMode=VERIFY_IDENTITY"));
    }

    /** MySQL's default account cannot log in without TLS once the server has forgotten its password, as a restart does. */
    @Test
    void from_passwordThatNeedsTls_isTlsOnMySql() throws SQLException {
        database.execute("FLUSH PRIVILEGES");
        String url = url(database.host(), database.port(), "sslMode=DISABLED");
        if (isMariaDb()) {
            DriverManager.getConnection(url, "bookinfo", TestDatabase.PASSWORD).close(); // its default account can
        } else {
            assertEquals(DatabaseFailure.TLS, whileConnecting(database.host(), database.port(), "sslMode=DISABLED"));
        }
    }

    @Test
    void from_somethingThatIsNoDatabase_isNoAnswerOfOne() throws Exception {
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
            DatabaseFailure failure = whileConnecting("127.0.0.1", web.getLocalPort(), "");
            assertTrue(EnumSet.of(DatabaseFailure.LOGIN_FAILED, DatabaseFailure.CONNECTION_LOST,
                    DatabaseFailure.EGRESS_BLOCKED).contains(failure), failure.toString());
            thread.join();
        }
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
                assertEquals(DatabaseFailure.TOO_MANY_CONNECTIONS, DatabaseFailure.from(refused, false));
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

    private boolean isMariaDb() throws SQLException {
        try (Connection connection = database.connect()) {
            return connection.getMetaData().getDatabaseProductVersion().contains("MariaDB");
        }
    }

    private static DatabaseFailure whileConnecting(String host, int port, String properties) {
        SQLException thrown = assertThrows(SQLException.class,
                () -> DriverManager.getConnection(url(host, port, properties), "bookinfo", TestDatabase.PASSWORD)
                        .close());
        return DatabaseFailure.from(thrown, false);
    }

    private static String url(String host, int port, String properties) {
        return "jdbc:mysql://" + host + ":" + port + "/test?connectTimeout=5000&socketTimeout=5000&" + properties;
    }
}
