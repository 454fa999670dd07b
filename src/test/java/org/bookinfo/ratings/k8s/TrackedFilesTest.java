package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The files that git tracks contain no password or key.
 */
class TrackedFilesTest {

    private static final Pattern SECRET = Pattern.compile("-----BEGIN [A-Z ]*PRIVATE"
            + "|(?im)^[ \\t#+-]*(?:export )?[\\w.-]*passw(?:or)?d[ \\t]*[:=][ \\t]*"
            + "(?!\\$|null\\b|\"\"|\"?\\$\\{|\\{)\\S+");

    @Test
    void configuration_passwordsAndKeys_areNotInIt() throws IOException {
        List<String> found = new ArrayList<>();
        for (String folder : List.of("k8s", "sql", "src/main", ".ci")) {
            try (Stream<Path> files = Files.walk(Path.of(folder))) {
                for (Path file : files.filter(path -> path.toString().matches(
                        ".*\\.(ya?ml|properties|example|json|sql|tpl)|.*Dockerfile.*")).toList()) {
                    SECRET.matcher(Files.readString(file, StandardCharsets.ISO_8859_1)).results()
                            .forEach(match -> found.add(file + ": " + match.group().strip()));
                }
            }
        }

        assertEquals(List.of(), found);
    }

    @Test
    void databaseEnv_ofTheUser_isIgnored() throws IOException {
        assertTrue(Files.readAllLines(Path.of(".gitignore")).contains("database.env"));
    }
}
