package org.bookinfo.ratings.testing;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Tests touch no server that is not named for them.
 */
class TestDatabaseTest {

    /** Maven sets the service's variables for each test process: whoever used them would connect to nobody. */
    @Test
    void start_variablesOfTheService_areIgnored() throws SQLException {
        assertEquals("192.0.2.1", System.getenv("MYSQL_DB_HOST"));

        try (Connection connection = TestDatabase.start().connect()) {
            assertTrue(connection.isValid(5));
        }
    }

    @Test
    void reset_accountThatMayOnlyRead_isRefusedInASentenceAndChangesNothing() throws SQLException {
        TestDatabase database = TestDatabase.start();
        TestDatabase named = TestDatabase.choose(Map.of("RATINGS_TEST_MYSQL_HOST", database.host(),
                "RATINGS_TEST_MYSQL_PORT", String.valueOf(database.port()), "RATINGS_TEST_MYSQL_USER", "bookinfo",
                "RATINGS_TEST_MYSQL_PASSWORD", TestDatabase.PASSWORD));

        String message = assertThrows(IllegalStateException.class, named::reset).getMessage();

        assertTrue(message.startsWith("Tests replace the database test of the server at RATINGS_TEST_MYSQL_HOST, but"
                + " its account bookinfo cannot: Access denied"), message);
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT COUNT(*) FROM test.ratings")) {
            rows.next();
            assertEquals(2, rows.getInt(1));
        }
    }
}
