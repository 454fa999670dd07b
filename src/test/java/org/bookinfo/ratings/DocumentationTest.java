package org.bookinfo.ratings;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.bookinfo.ratings.diagnosis.Cause;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The documents are true: their links, the README's variables, the table of causes, and the version of the image.
 */
class DocumentationTest {

    private static final Path README = Path.of("README.md");

    /** Lines: one page. Other documents have the rest. */
    private static final int LONGEST_README = 200;

    static List<Path> documents() throws IOException {
        return files(".md", "README.md", "bench", "docs", "k8s");
    }

    private static List<Path> files(String ending, String... roots) throws IOException {
        List<Path> found = new ArrayList<>();
        for (String root : roots) {
            try (Stream<Path> files = Files.walk(Path.of(root))) {
                files.filter(file -> Files.isRegularFile(file) && file.toString().endsWith(ending)).forEach(found::add);
            }
        }
        return found;
    }

    private static Set<String> found(String pattern, String text) {
        return Pattern.compile(pattern).matcher(text).results().map(match -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @MethodSource("documents")
    void links_ofADocument_leadSomewhere(Path document) throws IOException {
        for (String link : found("]\\(([^()\\s]+)", text(document))) {
            URI uri = URI.create(link);
            if (!uri.isAbsolute()) { // other sites are not asked
                Path target = uri.getPath().isEmpty() ? document : document.resolveSibling(uri.getPath()).normalize();
                assertTrue(Files.exists(target), link);
                assertTrue(uri.getFragment() == null || anchors(target).contains(uri.getFragment()), link);
            }
        }
    }

    /** Without blocks of code. */
    private static String text(Path document) throws IOException {
        return Files.readString(document).replaceAll("(?ms)^ *```.*?^ *```$", "");
    }

    /** GitHub's rule: a link counts as its text, spaces become hyphens, and of punctuation only - and _ stay. */
    private static List<String> anchors(Path document) throws IOException {
        return found("(?m)^#+ +(.+)$", text(document)).stream()
                .map(heading -> heading.strip().replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1").toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{M}\\p{Nd}\\p{Pc} -]", "").replace(' ', '-'))
                .toList();
    }

    @Test
    void readme_length_isAPage() throws IOException {
        int lines = Files.readAllLines(README).size();
        assertTrue(lines <= LONGEST_README, lines + " lines");
    }

    /** Those that the settings and the sources name, and those that the framework derives from a setting's name. */
    @Test
    void readme_variables_areThoseThatTheServiceKnows() throws IOException {
        String settings = Files.readString(Path.of("src/main/resources/application.properties"));
        Set<String> known = found("\\$\\{([A-Z_]+)[:}]", settings);
        for (String name : found("(?m)^([^=]*)", settings)) {
            known.add(name.replaceAll("[.-]", "_").toUpperCase(Locale.ROOT));
        }
        for (Path source : files(".java", "src/main/java")) {
            known.addAll(found("\"([A-Z_]+)\"", Files.readString(source)));
        }
        Set<String> variables = found("(?m)^\\| `([A-Z_]+)` \\|", Files.readString(README));
        assertFalse(variables.isEmpty());

        variables.removeAll(known);

        assertEquals(Set.of(), variables);
    }

    @Test
    void image_whereNamedWithATag_hasThePomsVersion() throws IOException {
        Set<String> tags = new TreeSet<>();
        for (Path file : files("", "README.md", "docs", "k8s", "src/main", "Dockerfile.native")) {
            tags.addAll(found("bookinfo-ratings-v2-mysql:([0-9][0-9A-Za-z.-]*)", Files.readString(file)));
        }
        assertEquals(found("<artifactId>ratings</artifactId>\\s*<version>(.*)</version>",
                Files.readString(Path.of("pom.xml"))), tags);
    }

    @Test
    void operations_tableOfCauses_isThatOfTheCode() throws IOException {
        String table = Arrays.stream(Cause.values()).map(DocumentationTest::row).collect(Collectors.joining());
        Path written = Files.writeString(Path.of("target", "causes.md"), table);
        assertTrue(Files.readString(Path.of("docs", "operations.md")).contains(table),
                "docs/operations.md lacks the table that is in " + written);
    }

    private static String row(Cause cause) {
        boolean internal = cause.status() == 500 && cause.error().startsWith("internal");
        return String.format("| `%s` | %s%s | %s | %s |%n", cause.label(), cause.status(), internal ? ", internal" : "",
                cause.explanation(), cause.hint("HOST:PORT"));
    }
}
