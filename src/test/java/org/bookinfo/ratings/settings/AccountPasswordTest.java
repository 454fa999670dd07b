package org.bookinfo.ratings.settings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.testing.Ports;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The README's command that sets the account's password, run as it stands there. Its client is the embedded server's.
 */
class AccountPasswordTest {

    private static final Pattern COMMAND = Pattern.compile("(?ms)^ *(printf .*?^ *mysql [^\n]*)");

    @TempDir
    private Path folder;

    @Test
    void readmesCommand_passwordOfAnyCharacters_setsItSilently() throws Exception {
        try (EmbeddedDatabase database = EmbeddedDatabase.start(Ports.free())) {
            EmbeddedDatabase.prepare(database.adminUrl(), EmbeddedDatabase.ADMIN, database.adminPassword(), "old");
            makeClient(database);

            assertEquals("", run(command(), database));

            assertLogsIn(database, TestDatabase.PASSWORD);
        }
    }

    private static String command() throws IOException {
        Matcher command = COMMAND.matcher(Files.readString(Path.of("README.md")));
        assertTrue(command.find());
        return command.group(1);
    }

    /** Named mysql, and without a prompt for the administrator's password. */
    private void makeClient(EmbeddedDatabase database) throws SQLException, IOException {
        try (Connection connection = DriverManager.getConnection(database.adminUrl(), EmbeddedDatabase.ADMIN,
                database.adminPassword());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT @@basedir")) {
            row.next();
            Path client = Files.writeString(folder.resolve("mysql"),
                    """
                            #!/bin/sh
                            exec %s/bin/mariadb --no-defaults --protocol=tcp --disable-ssl-verify-server-cert \
                            "$1" "$2" "$3" "$4" --user=%s
                            """
                            .formatted(row.getString(1), EmbeddedDatabase.ADMIN));
            Files.setPosixFilePermissions(client, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    /** @return what it prints */
    private String run(String command, EmbeddedDatabase database) throws IOException, InterruptedException {
        ProcessBuilder shell = new ProcessBuilder("sh", "-c", command);
        shell.environment().putAll(TestDatabase.environment("127.0.0.1", database.port()));
        shell.environment().put("MYSQL_PWD", database.adminPassword());
        shell.environment().merge("PATH", folder.toString(), (path, first) -> first + ":" + path);
        Process process = shell.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        process.waitFor();
        return output;
    }

    private static void assertLogsIn(EmbeddedDatabase database, String password) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:mysql://127.0.0.1:" + database.port() + "/test",
                "bookinfo", password); Statement statement = connection.createStatement()) {
            assertTrue(statement.executeQuery("SELECT Rating FROM ratings").next());
        }
    }
}
