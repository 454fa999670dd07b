package org.bookinfo.ratings;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Each link leads to a file and a heading of the project, and the service knows each variable of the README.
 */
class DocumentationTest {

    private static final Path README = Path.of("README.md");

    /** Lines: one page. Other documents have the rest. */
    private static final int LONGEST_README = 200;

    private static final Pattern CODE_BLOCK = Pattern.compile("(?ms)^ *```.*?^ *```$");
    private static final Pattern LINK = Pattern.compile("]\\(([^()\\s]+)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.+)$");
    private static final Pattern VARIABLE = Pattern.compile("(?m)^\\| `([A-Z_]+)` \\|");

    static List<Path> documents() throws IOException {
        return files(Path.of(""), ".md");
    }

    private static List<Path> files(Path folder, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .filter(file -> StreamSupport.stream(file.spliterator(), false)
                            .noneMatch(part -> part.toString().matches("target|\\..+")))
                    .toList();
        }
    }

    private static List<String> found(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(match -> match.group(1)).toList();
    }

    @ParameterizedTest
    @MethodSource("documents")
    void links_ofADocument_leadSomewhere(Path document) throws IOException {
        List<String> broken = new ArrayList<>();
        for (String link : found(LINK, text(document))) {
            if (!leadsSomewhere(document, URI.create(link))) {
                broken.add(link);
            }
        }

        assertEquals(List.of(), broken, document.toString());
    }

    private static String text(Path document) throws IOException {
        return CODE_BLOCK.matcher(Files.readString(document)).replaceAll("");
    }

    /** Other sites are not asked. */
    private static boolean leadsSomewhere(Path document, URI link) throws IOException {
        if (link.isAbsolute()) {
            return true;
        }
        Path target = link.getPath().isEmpty() ? document : document.resolveSibling(link.getPath()).normalize();
        return Files.exists(target)
                && (link.getFragment() == null || anchors(target).contains(link.getFragment()));
    }

    /** GitHub's rule: a link counts as its text, spaces become hyphens, and of punctuation only - and _ stay. */
    private static Set<String> anchors(Path document) throws IOException {
        return found(HEADING, text(document)).stream()
                .map(heading -> heading.strip().replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1").toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{M}\\p{Nd}\\p{Pc} -]", "").replace(' ', '-'))
                .collect(Collectors.toSet());
    }

    @Test
    void readme_length_isAPage() throws IOException {
        int lines = Files.readAllLines(README).size();

        assertTrue(lines <= LONGEST_README, lines + " lines");
    }

    /** Those that the settings and the sources name, and those that the framework makes of a setting's name. */
    @Test
    void readme_variables_areThoseThatTheServiceKnows() throws IOException {
        Path settings = Path.of("src/main/resources/application.properties");
        Set<String> known = new HashSet<>();
        for (String line : Files.readAllLines(settings)) {
            known.add(line.replaceFirst("=.*", "").replaceAll("[.-]", "_").toUpperCase(Locale.ROOT));
            known.addAll(found(Pattern.compile("\\$\\{([A-Z_]+)[:}]"), line));
        }
        for (Path source : files(Path.of("src/main/java"), ".java")) {
            known.addAll(found(Pattern.compile("\"([A-Z_]+)\""), Files.readString(source)));
        }
        Set<String> variables = new HashSet<>(found(VARIABLE, Files.readString(README)));
        assertFalse(variables.isEmpty());

        variables.removeAll(known);

        assertEquals(Set.of(), variables);
    }
}
