package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Kubernetes objects, rendered from the chart or read from a file, and parsed strictly.
 */
final class Manifests {

    static final Path CHART = Path.of("k8s", "chart");

    /** YAML, also for the rows of tests. */
    static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    private static final KubernetesSerialization TYPES = new KubernetesSerialization();

    /** The models collect unknown fields in a map. Without the map, an unknown field fails. */
    private static final ObjectMapper STRICT = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {

                private static final long serialVersionUID = 1L;

                @Override
                public Boolean hasAnySetter(Annotated annotated) {
                    return Boolean.FALSE;
                }
            });

    private final Map<String, JsonNode> trees = new TreeMap<>();
    private final List<HasMetadata> objects = new ArrayList<>();

    Manifests(String yaml) {
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(yaml)) {
            for (JsonNode document : documents.readAll()) {
                if (document.isObject()) {
                    add(document);
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e.getMessage() + "\n" + yaml, e);
        }
    }

    private void add(JsonNode document) throws IOException {
        String version = document.path("apiVersion").asText();
        String kind = document.path("kind").asText();
        assertTrue(version.matches(".*v[0-9]+"), version + " is not stable");
        objects.add((HasMetadata) STRICT.treeToValue(document, TYPES.getRegisteredKubernetesResource(version, kind)));
        String name = kind + "/" + document.path("metadata").path("name").asText();
        assertNull(trees.put(name, document), name + " is there twice");
    }

    /**
     * The chart's objects in the namespace {@code bookinfo}.
     *
     * @param values YAML; later ones override earlier ones
     * @throws IllegalStateException where the chart refuses the values
     */
    static Manifests chart(String... values) {
        return new Manifests(rendered("bookinfo", values));
    }

    static String rendered(String namespace, String... values) {
        List<Path> files = new ArrayList<>();
        try {
            TemplateCommand command = new Helm(CHART).template().withName("ratings").withNamespace(namespace)
                    .withKubeVersion("1.30.0");
            for (String value : values) {
                files.add(Files.writeString(Files.createTempFile("values", ".yaml"), value));
                command.withValuesFile(files.get(files.size() - 1));
            }
            return command.call();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            files.forEach(file -> file.toFile().delete());
        }
    }

    /** Kind and name of each object, sorted. */
    Collection<String> names() {
        return trees.keySet();
    }

    /** A part of an object. */
    JsonNode at(String object, String pointer) {
        return trees.get(object).at(pointer);
    }

    <T extends HasMetadata> List<T> all(Class<T> type) {
        return objects.stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** The only object of its type. */
    <T extends HasMetadata> T the(Class<T> type) {
        List<T> found = all(type);
        assertEquals(1, found.size(), () -> type.getSimpleName() + " among " + names());
        return found.get(0);
    }
}
