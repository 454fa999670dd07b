package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

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
    private static final String RATINGS = "SELECT ReviewID, Rating FROM test.ratings ORDER BY ReviewID";

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

    /** A way to run a file as the administrator, twice. It returns the second result, as {@link TestDatabase#query}. */
    private interface Client {
        String runTwice(String file) throws Exception;
    }

    /** The embedded MariaDB brings its client along. */
    static Stream<Client> clients() {
        Path client = Path.of(database.query("SELECT @@basedir"), "bin", "mariadb");
        Client driver = file -> {
            database.query(Files.readString(FOLDER.resolve(file)));
            return database.query(Files.readString(FOLDER.resolve(file)));
        };
        Client commandLine = file -> {
            runCommand(client, file);
            return runCommand(client, file);
        };
        return database.isMariaDb() && Files.isExecutable(client) ? Stream.of(driver, commandLine) : Stream.of(driver);
    }

    private static String runCommand(Path client, String file) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(client.toString(), "--no-defaults", "--protocol=tcp",
                "--host=" + database.host(), "--port=" + database.port(), "--user=" + database.admin(),
                "--batch", "--skip-column-names", "--disable-ssl-verify-server-cert");
        builder.environment().put("MYSQL_PWD", database.adminPassword());
        Process process = builder.redirectErrorStream(true).redirectInput(FOLDER.resolve(file).toFile()).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output.strip();
    }

    /** A connection of the service's account. */
    private static Connection login(String password) throws SQLException {
        return DriverManager.getConnection(EmbeddedDatabase.adminUrl(database.host(), database.port()), "bookinfo",
                password);
    }

    @ParameterizedTest
    @MethodSource("clients")
    void schema_runTwice_makesTwoReviews(Client client) throws Exception {
        database.execute("DROP DATABASE test");
        client.runTwice("schema.sql");
        assertEquals("1\t5\n2\t4", database.query(RATINGS));
        assertEquals("ReviewID\tint\tNO\tPRI\nRating\tint\tYES\t",
                database.query("SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE, COLUMN_KEY FROM information_schema.COLUMNS"
                        + " WHERE TABLE_SCHEMA = 'test' AND TABLE_NAME = 'ratings' ORDER BY ORDINAL_POSITION"));
    }

    @ParameterizedTest
    @MethodSource("clients")
    void schema_runAgain_keepsChangedRatings(Client client) throws Exception {
        database.execute("UPDATE ratings SET Rating = 1", "INSERT INTO ratings VALUES (3, 2)");
        client.runTwice("schema.sql");
        assertEquals("1\t1\n2\t1\n3\t2", database.query(RATINGS));
    }

    @ParameterizedTest
    @MethodSource("clients")
    void user_runAgain_keepsPasswordAndLeavesTheAccountUnlocked(Client client) throws Exception {
        client.runTwice("user.sql");
        try (Connection connection = login(TestDatabase.PASSWORD)) {
            assertTrue(connection.createStatement().executeQuery(RATINGS).next());
        }
    }

    @ParameterizedTest
    @MethodSource("clients")
    void user_beforeAPasswordIsSet_cannotLogIn(Client client) throws Exception {
        database.execute("DROP USER 'bookinfo'@'%'");
        client.runTwice("user.sql");
        for (String password : List.of("", "bookinfo", TestDatabase.PASSWORD)) {
            SQLException refusal = assertThrows(SQLException.class, () -> login(password).close());
            assertTrue(NO_LOGIN.contains(refusal.getErrorCode()), refusal.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"UPDATE test.ratings SET Rating = 1", "INSERT INTO test.ratings VALUES (3, 1)",
            "DELETE FROM test.ratings", "TRUNCATE test.ratings", "DROP TABLE test.ratings",
            "ALTER TABLE test.ratings ADD Text INT", "CREATE INDEX by_rating ON test.ratings (Rating)",
            "LOCK TABLES test.ratings WRITE", "CREATE TABLE test.more (id INT)", "SELECT id FROM test.other",
            "INSERT INTO test.other VALUES (1)", "DROP DATABASE test", "CREATE DATABASE more", "USE mysql",
            "SELECT User FROM mysql.user", "CREATE USER someone",
            "GRANT SELECT ON test.ratings TO 'bookinfo'@'%' WITH GRANT OPTION", "SET GLOBAL max_connections = 1"})
    void user_anythingButReadingTheRatings_isRefused(String sql) throws SQLException {
        database.execute("CREATE TABLE other (id INT)");
        try (Connection connection = login(TestDatabase.PASSWORD); Statement statement = connection.createStatement()) {
            SQLException refusal = assertThrows(SQLException.class, () -> statement.execute(sql));
            assertTrue(NO_PRIVILEGE.contains(refusal.getErrorCode()), refusal.toString());
        }
        assertEquals("1\t5\n2\t4", database.query(RATINGS));
    }

    @ParameterizedTest
    @MethodSource("clients")
    void oneStar_runTwice_changesTheFirstReviewOnly(Client client) throws Exception {
        assertEquals("1\t1\n2\t4", client.runTwice("one-star.sql"));
        assertEquals("1\t1\n2\t4", database.query(RATINGS));
    }

    @ParameterizedTest
    @MethodSource("clients")
    void cleanUp_runTwice_removesAccountAndTableAndNothingElse(Client client) throws Exception {
        database.execute("CREATE TABLE other (id INT)");
        client.runTwice("clean-up.sql");
        assertEquals("other", database.query("SHOW TABLES IN test"));
        assertEquals("0", database.query("SELECT COUNT(*) FROM mysql.user WHERE User = 'bookinfo'"));
    }

    @ParameterizedTest
    @MethodSource("clients")
    void cleanUp_withoutADatabase_doesNoHarm(Client client) throws Exception {
        client.runTwice("clean-up.sql");
        database.execute("DROP DATABASE test");
        client.runTwice("clean-up.sql");
        client.runTwice("schema.sql");
        client.runTwice("user.sql");
        assertEquals("1\t5\n2\t4", database.query(RATINGS));
    }

    @Test
    void folder_holdsTheFilesTestedHere() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            assertEquals(List.of("clean-up.sql", "one-star.sql", "schema.sql", "user.sql"),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }

    /** Only statements: the driver knows no commands of a client, and mysqlsh knows others than mysql. */
    @ParameterizedTest
    @ValueSource(strings = {"clean-up.sql", "one-star.sql", "schema.sql", "user.sql"})
    void anyFile_isOnTheClassPathHoldsStatementsOnlyAndNoPassword(String file) throws IOException {
        Pattern statement = Pattern.compile("(CREATE|GRANT|INSERT|UPDATE|SELECT|DROP)\\b[^;\\\\]*;\\s*");
        Pattern password = Pattern.compile(
                "(?i)(IDENTIFIED\\s+(WITH\\s+\\S+\\s+)?(BY|AS)|PASSWORD\\s*\\(?)\\s*['\"](?!\\.\\.\\.')");
        String text = Files.readString(FOLDER.resolve(file));
        assertEquals(text, EmbeddedDatabase.script(file));
        assertTrue(text.chars().allMatch(c -> c == '\n' || c >= ' ' && c <= '~'), "plain ASCII");
        String statements = text.replaceAll("(?m)^-- .*$|^--$", "").strip();
        assertEquals("", statement.matcher(statements).replaceAll(""));
        assertFalse(password.matcher(text).find());
    }
}
