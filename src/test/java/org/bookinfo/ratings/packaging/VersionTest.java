package org.bookinfo.ratings.packaging;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * The POM has the version; commands and manifests, which users copy, name the image of that version.
 */
class VersionTest {

    private static final Pattern IMAGE = Pattern.compile("bookinfo-ratings-v2-mysql:([0-9][0-9A-Za-z.-]*)");
    private static final Pattern VERSION = Pattern
            .compile("<artifactId>ratings</artifactId>\\s*<version>(.*)</version>");

    @Test
    void image_whereNamedWithATag_hasThePomsVersion() throws IOException {
        Set<String> tags = Stream.of("README.md", "docs", "k8s", "src/main", "Dockerfile.native").map(Path::of)
                .flatMap(VersionTest::files).flatMap(file -> matches(IMAGE, file)).collect(Collectors.toSet());

        assertEquals(Set.copyOf(matches(VERSION, Path.of("pom.xml")).toList()), tags);
    }

    private static Stream<Path> files(Path root) {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile).toList().stream();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Stream<String> matches(Pattern pattern, Path file) {
        try {
            return pattern.matcher(Files.readString(file)).results().map(match -> match.group(1));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
