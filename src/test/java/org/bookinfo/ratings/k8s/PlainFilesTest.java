package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * The plain files are what the chart renders, without its longer comments. To write them after a change of the chart:
 * {@code ./mvnw test -Dtest=PlainFilesTest -Dratings.write-plain-files}
 */
class PlainFilesTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            ratings-v2-mysql.yaml | {} | The service. It needs the Secret "ratings-database".
            routing.yaml | routing: {mode: virtualService} | Sends all callers to reviews v3 and ratings v2-mysql.
            egress.yaml | egress: {mode: address, addresses: [10.0.0.1]} | Opens the mesh to the database.
            """)
    void file_ofTheWalkThrough_isTheRendering(String name, String values, String description) throws IOException {
        Set<String> base = Set.copyOf(name.equals("ratings-v2-mysql.yaml") ? List.of() : objects("{}"));
        String expected = objects(values).stream().filter(object -> !base.contains(object))
                .collect(Collectors.joining("---\n",
                        "# " + description + " Rendered from k8s/chart by PlainFilesTest.\n", ""))
                .replace("[\"10.0.0.1/32\"] # ", "[DATABASE_ADDRESS] # edit: ");
        Path file = Path.of("k8s", name);
        if (System.getProperty("ratings.write-plain-files") != null) {
            Files.writeString(file, expected);
        }

        assertEquals(expected, Files.readString(file));
    }

    private static List<String> objects(String values) {
        return Arrays.stream(Manifests.rendered("bookinfo", values).split("(?m)^---\n"))
                .map(object -> object.replaceAll("(?m)^ *#.*\n", "").strip() + "\n")
                .filter(object -> !object.isBlank()).toList();
    }
}
