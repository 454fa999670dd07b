package org.bookinfo.ratings.dev;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import org.bookinfo.ratings.testing.Ports;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The embedded database lets only its own accounts in and leaves nothing behind.
 */
class EmbeddedDatabaseTest {

    private static final String PASSWORD = "bookinfo's password";

    /** MariaDB's codes for a login that is refused; for an account that needs the socket; for one that is locked. */
    private static final Set<Integer> NO_LOGIN = Set.of(1045, 1698, 4151);

    private static EmbeddedDatabase database;

    @BeforeAll
    static void startDatabase() throws SQLException {
        database = start();
    }

    @AfterAll
    static void stopDatabase() {
        database.close();
    }

    private static EmbeddedDatabase start() throws SQLException {
        EmbeddedDatabase database = EmbeddedDatabase.start(Ports.free(), EmbeddedDatabase.WITHOUT_TLS);
        EmbeddedDatabase.prepare(database.adminUrl(), EmbeddedDatabase.ADMIN, database.adminPassword(), PASSWORD);
        return database;
    }

    private static Connection login(EmbeddedDatabase database, String user, String password) throws SQLException {
        return DriverManager.getConnection(database.adminUrl(), user, password);
    }

    private static String value(EmbeddedDatabase database, String expression) throws SQLException {
        try (Connection connection = login(database, EmbeddedDatabase.ADMIN, database.adminPassword());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT " + expression)) {
            row.next();
            return row.getString(1);
        }
    }

    private static boolean accepts(InetAddress address, int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, port), 1000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void start_listensOnLoopbackOnly() throws Exception {
        assertTrue(accepts(InetAddress.getByName("127.0.0.1"), database.port()));
        List<InetAddress> others = NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress()).toList();
        for (InetAddress address : others) {
            assertFalse(accepts(address, database.port()), address.toString());
        }
        assertEquals("127.0.0.1", value(database, "@@bind_address"));
    }

    @Test
    void start_withoutTls_makesNoKey() throws SQLException {
        assertEquals("DISABLED", value(database, "@@have_ssl"));
        assertEquals(null, value(database, "@@ssl_key"));
    }

    @ParameterizedTest
    @ValueSource(strings = {EmbeddedDatabase.ADMIN, "root", "mysql", "mariadb.sys", "bookinfo", "anybody", ""})
    void login_wrongOrNoPassword_isRefused(String user) {
        for (String password : List.of("", "wrong", user)) {
            SQLException refusal = assertThrows(SQLException.class, () -> login(database, user, password).close(),
                    password);
            assertTrue(NO_LOGIN.contains(refusal.getErrorCode()), refusal.toString());
        }
    }

    @Test
    void login_asBookinfo_mayReadTheRatingsAndNotWrite() throws SQLException {
        try (Connection connection = login(database, "bookinfo", PASSWORD);
                Statement statement = connection.createStatement()) {
            assertTrue(statement.executeQuery("SELECT Rating FROM test.ratings").next());
            for (String sql : List.of("UPDATE test.ratings SET Rating = 1", "DELETE FROM test.ratings",
                    "CREATE TABLE test.more (id INT)", "CREATE TABLE test_more.more (id INT)",
                    "DROP TABLE test.ratings")) {
                assertEquals(1142, assertThrows(SQLException.class, () -> statement.execute(sql), sql).getErrorCode(),
                        sql);
            }
        }
    }

    /** MariaDB's installer gives everybody rights on the database test. */
    @Test
    void login_asAnAccountWithoutRights_seesNothing() throws SQLException {
        try (Connection admin = login(database, EmbeddedDatabase.ADMIN, database.adminPassword());
                Statement statement = admin.createStatement()) {
            statement.execute("CREATE USER nobody IDENTIFIED BY 'nothing'");
        }
        try (Connection connection = login(database, "nobody", "nothing");
                Statement statement = connection.createStatement()) {
            for (String sql : List.of("SELECT Rating FROM test.ratings", "INSERT INTO test.ratings VALUES (3, 3)",
                    "CREATE TABLE test.more (id INT)")) {
                assertEquals(1142, assertThrows(SQLException.class, () -> statement.execute(sql), sql).getErrorCode(),
                        sql);
            }
        }
    }

    @Test
    void start_twice_givesTwoServersSideBySide() throws SQLException {
        try (EmbeddedDatabase second = start()) {
            assertNotEquals(value(database, "@@datadir"), value(second, "@@datadir"));
            assertNotEquals(database.adminPassword(), second.adminPassword());
            assertThrows(SQLException.class,
                    () -> login(second, EmbeddedDatabase.ADMIN, database.adminPassword()).close());
            try (Connection connection = login(second, EmbeddedDatabase.ADMIN, second.adminPassword());
                    Statement statement = connection.createStatement()) {
                statement.execute("DELETE FROM test.ratings");
            }
        }
        assertEquals("2", value(database, "COUNT(*) FROM test.ratings"));
    }

    @Test
    void close_leavesNoProcessAndNoFile() throws Exception {
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        EmbeddedDatabase closed = start();
        Path data = Path.of(value(closed, "@@datadir")).toRealPath();
        Path folder = temporary.toRealPath().resolve(temporary.toRealPath().relativize(data).getName(0));
        ProcessHandle process = ProcessHandle.of(Long.parseLong(Files.readString(Path.of(value(closed, "@@pid_file")))
                .strip())).orElseThrow();
        assertTrue(process.isAlive());
        assertTrue(Files.isDirectory(folder));

        closed.close();

        process.onExit().get(30, TimeUnit.SECONDS);
        assertFalse(Files.exists(folder), folder.toString());
        assertFalse(accepts(InetAddress.getByName("127.0.0.1"), closed.port()));
        closed.close(); // as the hook does when this process ends
    }
}
