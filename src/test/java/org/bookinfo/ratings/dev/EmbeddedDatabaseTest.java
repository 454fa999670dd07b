package org.bookinfo.ratings.dev;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.bookinfo.ratings.testing.Ports;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
        EmbeddedDatabase.prepare(database.adminUrl(), EmbeddedDatabase.ADMIN, database.adminPassword(), "secret");
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

    private static void execute(EmbeddedDatabase database, String sql) throws SQLException {
        try (Connection connection = login(database, EmbeddedDatabase.ADMIN, database.adminPassword());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
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
        NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress())
                .forEach(address -> assertFalse(accepts(address, database.port()), address.toString()));
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

    /** MariaDB's installer gives everybody rights on the database test. */
    @ParameterizedTest
    @ValueSource(strings = {"SELECT Rating FROM test.ratings", "INSERT INTO test.ratings VALUES (3, 3)",
            "CREATE TABLE test.more (id INT)", "CREATE TABLE test_more.more (id INT)"})
    void execute_asAnAccountWithoutRights_isRefused(String sql) throws SQLException {
        execute(database, "CREATE USER IF NOT EXISTS nobody IDENTIFIED BY 'nothing'");
        try (Connection connection = login(database, "nobody", "nothing");
                Statement statement = connection.createStatement()) {
            assertEquals(1142, assertThrows(SQLException.class, () -> statement.execute(sql)).getErrorCode());
        }
    }

    /** The README's command that sets the account's password, with the embedded server's client as mysql. */
    @Test
    void readmesCommand_passwordOfAnyCharacters_setsItSilently(@TempDir Path folder) throws Exception {
        Path client = Files.writeString(folder.resolve("mysql"), """
                #!/bin/sh
                exec %s/bin/mariadb --no-defaults --protocol=tcp --disable-ssl-verify-server-cert \
                "$1" "$2" "$3" "$4" --user=%s
                """.formatted(value(database, "@@basedir"), EmbeddedDatabase.ADMIN));
        assertTrue(client.toFile().setExecutable(true));
        Matcher command = Pattern.compile("(?ms)^ *(printf .*?^ *mysql [^\n]*)")
                .matcher(Files.readString(Path.of("README.md")));
        assertTrue(command.find());

        ProcessBuilder shell = new ProcessBuilder("sh", "-c", command.group(1)).redirectErrorStream(true);
        shell.environment().putAll(TestDatabase.environment("127.0.0.1", database.port()));
        shell.environment().put("MYSQL_PWD", database.adminPassword()); // else the client would ask for it
        shell.environment().merge("PATH", folder.toString(), (path, first) -> first + ":" + path);
        Process process = shell.start();

        assertEquals("", new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        assertEquals(0, process.waitFor());
        try (Connection connection = login(database, "bookinfo", TestDatabase.PASSWORD)) {
            assertTrue(connection.createStatement().executeQuery("SELECT Rating FROM test.ratings").next());
        }
    }

    @Test
    void start_twice_givesTwoServersSideBySide() throws SQLException {
        try (EmbeddedDatabase second = start()) {
            assertNotEquals(value(database, "@@datadir"), value(second, "@@datadir"));
            assertNotEquals(database.adminPassword(), second.adminPassword());
            assertThrows(SQLException.class,
                    () -> login(second, EmbeddedDatabase.ADMIN, database.adminPassword()).close());
            execute(second, "DELETE FROM test.ratings");
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
