package org.bookinfo.ratings.reads;

import java.io.IOException;
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
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The files of sql/, run on a real server as users run them, each as it is and twice: through the driver and, where the
 * server's own command line client is at hand, through that.
 */
class SqlFilesTest {

    private static final Path FOLDER = Path.of("sql");

    /** The account is denied, or unknown, or locked: MySQL's and MariaDB's code for the latter. */
    private static final Set<Integer> NO_LOGIN = Set.of(1045, 3118, 4151);

    /** The command, the column, the database or the global privilege is denied. */
    private static final Set<Integer> NO_PRIVILEGE = Set.of(1142, 1143, 1044, 1227);

    private static TestDatabase database;

    @BeforeAll
    static void startDatabase() {
        database = TestDatabase.start();
    }

    @BeforeEach
    void resetDatabase() {
        database.reset();
    }

    /** A way to run a file as the administrator. */
    private enum Client {
        DRIVER,
        COMMAND_LINE;

        /** @return what the client shows of the result, rows as lines and values parted by tabs */
        String run(String file) throws Exception {
            String text = Files.readString(FOLDER.resolve(file));
            return this == DRIVER ? runInDriver(text) : runInCommandLineClient(text);
        }
    }

    static List<Client> clients() {
        return commandLineClient() == null ? List.of(Client.DRIVER) : List.of(Client.values());
    }

    private static String runInDriver(String text) throws SQLException {
        StringBuilder shown = new StringBuilder();
        try (Connection connection = database.connect(); Statement statement = connection.createStatement()) {
            boolean rows = statement.execute(text);
            while (rows || statement.getUpdateCount() >= 0) {
                if (rows) {
                    append(statement.getResultSet(), shown);
                }
                rows = statement.getMoreResults();
            }
        }
        return shown.toString();
    }

    private static void append(ResultSet rows, StringBuilder shown) throws SQLException {
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            for (int column = 1; column <= columns; column++) {
                shown.append(rows.getString(column)).append(column < columns ? '\t' : '\n');
            }
        }
    }

    private static String runInCommandLineClient(String text) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(commandLineClient().toString(), "--no-defaults", "--protocol=tcp",
                "--host=" + database.host(), "--port=" + database.port(), "--user=" + database.admin(),
                "--batch", "--skip-column-names", "--disable-ssl-verify-server-cert");
        builder.environment().put("MYSQL_PWD", database.adminPassword());
        Process process = builder.redirectErrorStream(true).start();
        process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the client ends");
        assertEquals(0, process.exitValue(), output);
        return output;
    }

    /** The embedded MariaDB brings its client along; null where the server runs elsewhere. */
    private static Path commandLineClient() {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT @@basedir, VERSION()")) {
            row.next();
            Path client = Path.of(row.getString(1), "bin", "mariadb");
            return row.getString(2).contains("MariaDB") && Files.isExecutable(client) ? client : null;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A connection of the service's account. */
    private static Connection login(String password) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:mysql://address=(host=" + database.host() + ")(port=" + database.port() + ")/", "bookinfo",
                password);
    }

    private static List<Integer> ratings() throws SQLException {
        return Stream.of(runInDriver("SELECT Rating FROM test.ratings ORDER BY ReviewID").split("\n"))
                .map(Integer::valueOf).toList();
    }

    @ParameterizedTest
    @MethodSource("clients")
    void schema_runTwice_makesTwoReviews(Client client) throws Exception {
        database.execute("DROP DATABASE test");
        client.run("schema.sql");
        client.run("schema.sql");
        assertEquals("1\t5\n2\t4\n", runInDriver("SELECT ReviewID, Rating FROM test.ratings ORDER BY ReviewID"));
        assertEquals("ReviewID\tint\tNO\tPRI\nRating\tint\tYES\t\n",
                runInDriver("SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE, COLUMN_KEY FROM information_schema.COLUMNS"
                        + " WHERE TABLE_SCHEMA = 'test' AND TABLE_NAME = 'ratings' ORDER BY ORDINAL_POSITION"));
    }

    @ParameterizedTest
    @MethodSource("clients")
    void schema_runAgain_keepsChangedRatings(Client client) throws Exception {
        database.execute("UPDATE ratings SET Rating = 1", "INSERT INTO ratings VALUES (3, 2)");
        client.run("schema.sql");
        assertEquals(List.of(1, 1, 2), ratings());
    }

    @ParameterizedTest
    @MethodSource("clients")
    void user_runAgain_keepsPasswordAndLeavesTheAccountUnlocked(Client client) throws Exception {
        client.run("user.sql");
        client.run("user.sql");
        try (Connection connection = login(TestDatabase.PASSWORD); Statement statement = connection.createStatement()) {
            assertTrue(statement.executeQuery("SELECT Rating FROM test.ratings").next());
        }
    }

    @ParameterizedTest
    @MethodSource("clients")
    void user_beforeAPasswordIsSet_cannotLogIn(Client client) throws Exception {
        database.execute("DROP USER 'bookinfo'@'%'");
        client.run("user.sql");
        client.run("user.sql");
        for (String password : List.of("", "bookinfo", TestDatabase.PASSWORD)) {
            SQLException refusal = assertThrows(SQLException.class, () -> login(password).close());
            assertTrue(NO_LOGIN.contains(refusal.getErrorCode()), refusal.toString());
        }
    }

    @Test
    void user_anythingButReadingTheRatings_isRefused() throws SQLException {
        database.execute("CREATE TABLE other (id INT)", "CREATE DATABASE IF NOT EXISTS other",
                "CREATE TABLE IF NOT EXISTS other.other (id INT)");
        try (Connection connection = login(TestDatabase.PASSWORD); Statement account = connection.createStatement()) {
            assertTrue(account.executeQuery("SELECT ReviewID, Rating FROM test.ratings").next());
            for (String statement : List.of("UPDATE test.ratings SET Rating = 1",
                    "INSERT INTO test.ratings VALUES (3, 1)", "DELETE FROM test.ratings", "TRUNCATE test.ratings",
                    "DROP TABLE test.ratings", "ALTER TABLE test.ratings ADD Text INT",
                    "CREATE INDEX by_rating ON test.ratings (Rating)", "LOCK TABLES test.ratings WRITE",
                    "CREATE TABLE test.more (id INT)", "SELECT id FROM test.other",
                    "INSERT INTO test.other VALUES (1)", "DROP DATABASE test", "CREATE DATABASE more", "USE other",
                    "SELECT id FROM other.other", "SELECT User FROM mysql.user", "CREATE USER someone",
                    "GRANT SELECT ON test.ratings TO 'bookinfo'@'%' WITH GRANT OPTION",
                    "SET GLOBAL max_connections = 1")) {
                SQLException refusal = assertThrows(SQLException.class, () -> account.execute(statement), statement);
                assertTrue(NO_PRIVILEGE.contains(refusal.getErrorCode()), statement + ": " + refusal);
            }
        } finally {
            database.execute("DROP DATABASE other");
        }
        assertEquals(List.of(5, 4), ratings());
    }

    @ParameterizedTest
    @MethodSource("clients")
    void oneStar_runTwice_changesTheFirstReviewOnly(Client client) throws Exception {
        assertEquals("1\t1\n2\t4\n", client.run("one-star.sql"));
        assertEquals("1\t1\n2\t4\n", client.run("one-star.sql"));
        assertEquals(List.of(1, 4), ratings());
    }

    @ParameterizedTest
    @MethodSource("clients")
    void cleanUp_runTwice_removesAccountAndTableAndNothingElse(Client client) throws Exception {
        database.execute("CREATE TABLE other (id INT)");
        client.run("clean-up.sql");
        client.run("clean-up.sql");
        assertEquals("other\n", runInDriver("SHOW TABLES IN test"));
        assertEquals("0\n", runInDriver("SELECT COUNT(*) FROM mysql.user WHERE User = 'bookinfo'"));
    }

    @ParameterizedTest
    @MethodSource("clients")
    void cleanUp_whereNothingIs_doesNoHarm(Client client) throws Exception {
        client.run("clean-up.sql");
        database.execute("DROP DATABASE test");
        client.run("clean-up.sql");
        client.run("schema.sql");
        client.run("user.sql");
        assertEquals(List.of(5, 4), ratings());
    }

    @Test
    void folder_holdsTheFilesTestedHere() throws IOException {
        assertEquals(Set.of("schema.sql", "user.sql", "one-star.sql", "clean-up.sql"), Set.copyOf(files()));
    }

    /** What dev mode and tests load is what users run. */
    @Test
    void classPath_holdsTheSameFiles() throws IOException {
        for (String file : files()) {
            assertEquals(Files.readString(FOLDER.resolve(file)), EmbeddedDatabase.script(file), file);
        }
    }

    /**
     * The driver knows no commands of a client's, and mysqlsh knows others than mysql: so each file has statements
     * only.
     */
    @Test
    void anyFile_holdsSqlStatementsOnly() throws IOException {
        Pattern statement = Pattern.compile("(CREATE|GRANT|INSERT|UPDATE|SELECT|DROP)\\b[^;\\\\]*;\\s*");
        for (String file : files()) {
            String text = Files.readString(FOLDER.resolve(file));
            assertTrue(text.chars().allMatch(c -> c == '\n' || c >= ' ' && c <= '~'), file + " is plain ASCII");
            String statements = text.replaceAll("(?m)^-- .*$|^--$", "").strip();
            assertEquals("", statement.matcher(statements).replaceAll(""), file);
        }
    }

    @Test
    void anyFile_holdsNoPassword() throws IOException {
        Pattern password = Pattern.compile(
                "(IDENTIFIED\\s+(WITH\\s+\\S+\\s+)?(BY|AS)|PASSWORD\\s*\\(?)\\s*['\"](?!\\.\\.\\.')",
                Pattern.CASE_INSENSITIVE);
        for (String file : files()) {
            assertFalse(password.matcher(Files.readString(FOLDER.resolve(file))).find(), file);
        }
    }

    private static List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
