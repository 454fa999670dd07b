package org.bookinfo.ratings.settings;

import java.util.Map;
import java.util.Optional;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SettingsTest {

    private static void assertRefused(String variable, String value) {
        Optional<String> fault = Settings.firstFault(Map.of(variable, value));
        assertTrue(fault.isPresent(), "is taken");
        assertTrue(fault.get().matches(variable + " [^\n]+\\."), fault.get());
    }

    private static void assertTaken(String variable, String value) {
        assertEquals(Optional.empty(), Settings.firstFault(Map.of(variable, value)));
    }

    @ParameterizedTest
    @ValueSource(strings = {" ", "a b", " host", "host\n", "x)(allowLoadLocalInfile=true", "user@host", "http://h",
            "host:3306", "host/test", "host?a=b", "a,b", "${x}", "${", "-host", "h\u00f6st"})
    void firstFault_hostThatIsNone_namesIt(String host) {
        assertRefused("MYSQL_DB_HOST", host);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql.example.com", "mysql_1", "10.0.0.1", "::1", "fe80::1%eth0", "a", "MYSQL",
            "db.example."})
    void firstFault_host_hasNone(String host) {
        assertTaken("MYSQL_DB_HOST", host);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "65536", "-1", "+1", "abc", "3306.0", "tcp://10.0.0.1:3306", " 3306", "3306\n",
            "99999999999", "\u0663", "${"})
    void firstFault_portOfTheDatabaseThatIsNone_namesIt(String port) {
        assertRefused("MYSQL_DB_PORT", port);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "65536", "70000", "-1", "abc", "9080 ", "\u0663", "${", "99999999999"})
    void firstFault_portToListenOnThatIsNone_namesIt(String port) {
        assertRefused("QUARKUS_HTTP_PORT", port);
    }

    @ParameterizedTest
    @ValueSource(strings = {"book\ninfo", "\u0000"})
    void firstFault_userThatIsNone_namesIt(String user) {
        assertRefused("MYSQL_DB_USER", user);
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "VERIFY", "${", " "})
    void firstFault_sslModeThatIsNone_namesIt(String mode) {
        assertRefused("MYSQL_DB_SSL_MODE", mode);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "fast", "1h", "-1s", "", "${", "99999999999999999999s", "199ms", "10001ms"})
    void firstFault_deadlineThatIsNone_namesIt(String deadline) {
        assertRefused("RATINGS_DEADLINE", deadline);
    }

    @ParameterizedTest
    @ValueSource(strings = {"maybe", "", "TRUE", "yes"})
    void firstFault_switchThatIsNone_namesIt(String value) {
        assertRefused("RATINGS_LOG_JSON", value);
    }

    @ParameterizedTest
    @CsvSource({"MYSQL_DB_PORT, 1", "MYSQL_DB_PORT, 65535", "QUARKUS_HTTP_PORT, 0", "QUARKUS_HTTP_PORT, 9080",
            "MYSQL_DB_USER, bookinfo", "MYSQL_DB_SSL_MODE, verify_ca", "MYSQL_DB_SSL_MODE, ''",
            "RATINGS_DEADLINE, 200ms",
            "RATINGS_DEADLINE, 10s", "RATINGS_DEADLINE, 1", "RATINGS_LOG_JSON, true", "RATINGS_LOG_JSON, false"})
    void firstFault_valueThatWorks_hasNone(String variable, String value) {
        assertTaken(variable, value);
    }

    /** It may come from elsewhere than the environment: what is missing is told once all of the configuration is there. */
    @Test
    void firstFault_nothingSet_hasNone() {
        assertEquals(Optional.empty(), Settings.firstFault(Map.of()));
    }
}
