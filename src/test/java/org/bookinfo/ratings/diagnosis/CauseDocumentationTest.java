package org.bookinfo.ratings.diagnosis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The table of causes reads the same in the code and in the documentation.
 */
class CauseDocumentationTest {

    @Test
    void operations_tableOfCauses_isThatOfTheCode() throws IOException {
        String table = Arrays.stream(Cause.values()).map(CauseDocumentationTest::row).collect(Collectors.joining());
        Path written = Files.writeString(Path.of("target", "causes.md"), table);
        assertTrue(Files.readString(Path.of("docs", "operations.md")).contains(table),
                "docs/operations.md lacks the table that is in " + written);
    }

    private static String row(Cause cause) {
        String shown = cause.status() == 500 && cause.error().startsWith("internal")
                ? "500, internal"
                : "" + cause.status();
        return String.format("| `%s` | %s | %s | %s |%n", cause.label(), shown, cause.explanation(),
                cause.hint("HOST:PORT"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost:3306", "127.0.0.1:3306", "127.1.2.3:3306", "[::1]:3306",
            "[0:0:0:0:0:0:0:1]:3306"})
    void hint_refusedByLoopback_saysThatAPodIsMeant(String address) {
        String hint = Cause.CONNECTION_REFUSED.hint(address);
        assertTrue(hint.contains("this address is the Pod itself"), hint);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql.example.com:3306", "localhost.example.com:3306", "10.127.0.1:3306",
            "[2001:db8::1]:3306", "[::]:3306"})
    void hint_refusedByAnotherHost_saysNothingOfPods(String address) {
        String hint = Cause.CONNECTION_REFUSED.hint(address);
        assertFalse(hint.contains("Pod"), hint);
    }
}
