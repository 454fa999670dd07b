package org.bookinfo.ratings.testing;

import java.util.Map;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Tests change no server that is not named for them.
 */
class TestDatabaseTest {

    /** Maven sets the service's variables for each test process, to a server that nobody has. */
    @Test
    void start_variablesOfTheService_areIgnored() {
        assertEquals("192.0.2.1", System.getenv("MYSQL_DB_HOST"));
        assertEquals("1", TestDatabase.start().query("SELECT 1"));
    }

    @Test
    void reset_accountThatMayOnlyRead_isRefusedInASentenceAndChangesNothing() {
        TestDatabase database = TestDatabase.start();
        TestDatabase named = TestDatabase.choose(Map.of("RATINGS_TEST_MYSQL_HOST", database.host(),
                "RATINGS_TEST_MYSQL_PORT", String.valueOf(database.port()), "RATINGS_TEST_MYSQL_USER", "bookinfo",
                "RATINGS_TEST_MYSQL_PASSWORD", TestDatabase.PASSWORD));

        String message = assertThrows(IllegalStateException.class, named::reset).getMessage();

        assertTrue(message.startsWith("Tests replace the database test of the server at RATINGS_TEST_MYSQL_HOST, but"
                + " its account bookinfo cannot: Access denied"), message);
        assertEquals("2", database.query("SELECT COUNT(*) FROM test.ratings"));
    }
}
