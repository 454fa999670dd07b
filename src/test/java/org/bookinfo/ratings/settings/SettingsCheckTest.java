package org.bookinfo.ratings.settings;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SettingsCheckTest {

    private static final Map<String, String> REQUIRED = Map.of("MYSQL_DB_HOST", "db", "MYSQL_DB_USER", "bookinfo",
            "MYSQL_DB_PASSWORD", "");

    private static List<String> errors(String variable, String value) {
        Map<String, String> environment = new HashMap<>(REQUIRED);
        environment.put(variable, value);
        return SettingsCheck.errors(environment, false);
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', value = {
            "MYSQL_DB_HOST, mysql.example.com MYSQL a mysql_1 db.example. 10.0.0.1 255.255.255.255"
                    + " ::1 fe80::1 ::ffff:10.0.0.1 2001:db8::a",
            "MYSQL_DB_PORT, 1 3306 65535", "QUARKUS_HTTP_PORT, 0 9080 65535", "MYSQL_DB_USER, bookinfo",
            "MYSQL_DB_PASSWORD, p&%#;\"'${x} ü€", "MYSQL_DB_PASSWORD, ``", "MYSQL_DB_TRUST_STORE, ``",
            "MYSQL_DB_TRUST_STORE_PASSWORD, ``", "MYSQL_DB_SSL_MODE, ``",
            "MYSQL_DB_SSL_MODE, DISABLED REQUIRED verify_ca VERIFY_IDENTITY", "RATINGS_DEADLINE, 200ms 10s 1",
            "RATINGS_LOG_JSON, true false", "MYSQL_DB_SERVICE_HOST, 10.96.0.1", "MYSQL_DB_ADDRESSES, 10.0.0.1"})
    void errors_valuesThatWork_none(String variable, String values) {
        for (String value : values.split(" ")) {
            assertEquals(List.of(), errors(variable, value), value);
        }
    }

    /** With | between them. */
    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', value = {
            "MYSQL_DB_HOST, `|host:3306|10.0.0.1:3306|cafe:3306|:::|::1%lo|fe80::1%eth0|[::1]|1::2::3|.:1|10.0.0.256"
                    + "|10.0.0|3306|10.0.0.1.|a..b|-host|host-|x)(allowLoadLocalInfile=true|user@host|http://h"
                    + "|host/test|host?a=b|${x}|${|höst|\"host\"| |a b| host|host\n|a,b`",
            "MYSQL_DB_PORT, `|0|65536|-1|+1|abc|3306.0|tcp://10.0.0.1:3306|99999999999|\u0663|${|\"3306\"| 3306"
                    + "|3306\n`",
            "QUARKUS_HTTP_PORT, `|65536|70000|-1|abc|99999999999|\u0663|${|9080 `",
            "MYSQL_DB_SSL_MODE, `true|VERIFY|VERIFY-CA|${|\"REQUIRED\"| |VERIFY_CA `",
            "RATINGS_DEADLINE, `|0|fast|1h|-1s|${|99999999999999999999s|199ms|10001ms`",
            "RATINGS_LOG_JSON, `|maybe|TRUE|yes`", "MYSQL_DB_TRUST_STORE, no-such-file|target|pom.xml|\ufffd",
            "MYSQL_DB_USER, `|book\ufffd|book\ninfo|\u0000`", "MYSQL_DB_PASSWORD, \ufffd",
            "MYSQL_DB_TRUST_STORE_PASSWORD, \ufffd", "MYSQL_DB_SSLMODE, VERIFY_CA", "MYSQL_DB_TLS_MODE, REQUIRED",
            "MYSQL_DB_TRUSTSTORE, x"})
    void errors_valuesThatCannotWork_areNamed(String variable, String values) {
        for (String value : values.split("\\|")) {
            List<String> errors = errors(variable, value);
            assertEquals(1, errors.size(), () -> errors + ": " + value);
            assertTrue(errors.get(0).matches(variable + " [^\n]+\\."), errors.get(0));
        }
    }

    @Test
    void errors_embeddedDatabase_mayTakeThePlaceOfTheServer() {
        assertEquals(List.of(), SettingsCheck.errors(Map.of(), true));
        assertEquals(2, SettingsCheck.errors(Map.of("MYSQL_DB_HOST", "db"), true).size());
    }

    /** Files of {@code openssl pkcs12} look like this to Java. */
    @Test
    void errors_trustStoreWithoutTrustedCertificate_isNamed(@TempDir Path folder)
            throws IOException, GeneralSecurityException {
        KeyStore empty = KeyStore.getInstance("PKCS12");
        empty.load(null, null);
        Path file = folder.resolve("empty.p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            empty.store(out, new char[0]);
        }

        assertEquals(List.of("MYSQL_DB_TRUST_STORE holds no trusted certificate: make it with keytool -importcert."),
                errors("MYSQL_DB_TRUST_STORE", file.toString()));
    }
}
