package org.bookinfo.ratings.diagnosis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

import org.junit.jupiter.api.Test;

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
}
