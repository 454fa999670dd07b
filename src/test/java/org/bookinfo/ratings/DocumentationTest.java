package org.bookinfo.ratings;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The documents agree with what is there: each link leads somewhere, and each setting is one that the service knows.
 */
class DocumentationTest {

    private static final Path ROOT = Path.of("").toAbsolutePath();
    private static final Path README = ROOT.resolve("README.md");

    /** Lines: one page. Whatever does not fit has a document of its own. */
    private static final int LONGEST_README = 200;

    private static final Pattern CODE_BLOCK = Pattern.compile("(?ms)^ *```.*?^ *```$");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+)$");

    /** A link or an image, a definition of one, and HTML's. */
    private static final Pattern LINK = Pattern
            .compile("]\\(([^()\\s]+)[^()]*\\)|(?m:^ *\\[[^]]+]: *(\\S+))|(?:href|src)=\"([^\"]*)\"");

    private static final Pattern ROW_OF_A_VARIABLE = Pattern.compile("(?m)^\\| `([A-Z_]+)` \\|");
    private static final Pattern EXPRESSION = Pattern.compile("\\$\\{([A-Z_]+)[:}]");
    private static final Pattern KEY = Pattern.compile("(?m)^([a-z][a-z0-9.-]*)=");
    private static final Pattern LITERAL = Pattern.compile("\"([A-Z_]+)\"");

    static List<Path> documents() throws IOException {
        return files(ROOT, ".md");
    }

    /** Without what a build leaves, and without hidden folders. */
    private static List<Path> files(Path folder, String ending) throws IOException {
        List<Path> files = new ArrayList<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {

            @Override
            public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes attributes) {
                String name = visited.getFileName().toString();
                boolean skipped = !visited.equals(folder) && (name.startsWith(".") || name.equals("target"));
                return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path visited, BasicFileAttributes attributes) {
                if (visited.toString().endsWith(ending)) {
                    files.add(visited);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return files;
    }

    private static Stream<String> found(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(DocumentationTest::firstGroup);
    }

    private static String firstGroup(MatchResult match) {
        int group = 1;
        while (match.group(group) == null) {
            group++;
        }
        return match.group(group);
    }

    @ParameterizedTest
    @MethodSource("documents")
    void links_ofADocument_leadSomewhere(Path document) throws IOException {
        List<String> broken = new ArrayList<>();
        for (String link : links(Files.readString(document))) {
            if (!leadsSomewhere(document, URI.create(link))) {
                broken.add(link);
            }
        }

        assertEquals(List.of(), broken, ROOT.relativize(document)::toString);
    }

    private static List<String> links(String markdown) {
        return found(LINK, CODE_BLOCK.matcher(markdown).replaceAll("").replaceAll("`[^`]*`", "")).toList();
    }

    /** Other sites are not asked. */
    private static boolean leadsSomewhere(Path document, URI link) throws IOException {
        if (link.isAbsolute()) {
            return true;
        }
        Path target = link.getPath().isEmpty() ? document : document.resolveSibling(link.getPath()).normalize();
        return target.startsWith(ROOT) && Files.exists(target) && (link.getFragment() == null
                || target.toString().endsWith(".md") && anchors(Files.readString(target)).contains(link.getFragment()));
    }

    private static Set<String> anchors(String markdown) {
        Set<String> anchors = new HashSet<>();
        Map<String, Integer> uses = new HashMap<>();
        found(HEADING, CODE_BLOCK.matcher(markdown).replaceAll("")).map(DocumentationTest::anchor).forEach(anchor -> {
            int before = uses.merge(anchor, 1, Integer::sum) - 1;
            anchors.add(before == 0 ? anchor : anchor + "-" + before);
        });
        return anchors;
    }

    /** GitHub's rule: a link counts as its text, spaces become hyphens, and of punctuation only - and _ stay. */
    private static String anchor(String heading) {
        return heading.strip().replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1").toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{M}\\p{Nd}\\p{Pc} -]", "").replace(' ', '-');
    }

    @Test
    void links_ofEachForm_areFound() {
        assertEquals(List.of("a.md", "b.png", "c.md#d", "e", "f.html", "g"), links("""
                See [a](a.md), ![b](b.png "title"), [`c`](c.md#d) but not `[x](code.md)`.

                [e]: e

                <a href="f.html">f</a>

                ```md
                [x](block.md)
                ```

                A [line
                break](g).
                """));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '>', value = {"Health > health",
            "What differs in today's Istio > what-differs-in-todays-istio",
            "`MYSQL_DB_HOST`: an address > mysql_db_host-an-address",
            "More, or less, of [it](x.md) > more-or-less-of-it",
            "Idle connections: 65 minutes & more > idle-connections-65-minutes--more"})
    void anchor_ofAHeading_isGitHubs(String heading, String anchor) {
        assertEquals(Set.of(anchor), anchors("# " + heading));
    }

    @Test
    void anchors_ofEqualHeadings_areNumbered() {
        assertEquals(Set.of("log", "log-1", "log-2"), anchors("# Log\n## Log\n```\n# Log\n```\n## Log\n"));
    }

    @Test
    void readme_length_isAPage() throws IOException {
        int lines = Files.readAllLines(README).size();

        assertTrue(lines <= LONGEST_README, lines + " lines");
    }

    @Test
    void readme_variables_areThoseThatTheServiceKnows() throws IOException {
        String section = Files.readString(README).replaceFirst("(?s).*\n## Configuration\n", "")
                .replaceFirst("(?s)\n## .*", "");
        Set<String> unknown = found(ROW_OF_A_VARIABLE, section).collect(Collectors.toCollection(TreeSet::new));
        assertFalse(unknown.isEmpty());

        unknown.removeAll(variables());

        assertEquals(Set.of(), unknown);
    }

    /** Those that the settings and the sources name, and those that the framework makes of a setting's name. */
    private static Set<String> variables() throws IOException {
        String settings = Files.readString(ROOT.resolve("src/main/resources/application.properties"));
        Set<String> variables = found(EXPRESSION, settings).collect(Collectors.toSet());
        found(KEY, settings).map(key -> key.replaceAll("[.-]", "_").toUpperCase(Locale.ROOT)).forEach(variables::add);
        for (Path source : files(ROOT.resolve("src/main/java"), ".java")) {
            found(LITERAL, Files.readString(source)).forEach(variables::add);
        }
        return variables;
    }
}
