package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import io.fabric8.istio.api.networking.v1.DestinationRule;
import io.fabric8.istio.api.networking.v1.ServiceEntry;
import io.fabric8.istio.api.networking.v1.VirtualService;
import io.fabric8.istio.api.security.v1.AuthorizationPolicy;
import io.fabric8.istio.api.security.v1.PeerAuthentication;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.PodMonitor;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;

/**
 * Kubernetes objects, rendered from the chart or read from a file, and parsed strictly.
 */
final class Manifests {

    static final Path CHART = Path.of("k8s", "chart");

    /** YAML, also for the rows of tests. */
    static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    /** Every kind that we apply, in the version that we apply. */
    private static final Map<String, Class<? extends HasMetadata>> TYPES = Stream
            .of(Deployment.class, ConfigMap.class, PodMonitor.class, PrometheusRule.class, Secret.class, Service.class,
                    ServiceAccount.class, HorizontalPodAutoscaler.class, PodDisruptionBudget.class,
                    DestinationRule.class, ServiceEntry.class, VirtualService.class, AuthorizationPolicy.class,
                    PeerAuthentication.class, HTTPRoute.class, NetworkPolicy.class,
                    io.fabric8.istio.api.networking.v1.Gateway.class,
                    io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway.class)
            .collect(Collectors.toMap(type -> HasMetadata.getApiVersion(type) + " " + HasMetadata.getKind(type),
                    type -> type));

    /** The models collect unknown fields in a map. Without it, an unknown field fails. */
    private static final ObjectMapper STRICT = new ObjectMapper(new YAMLFactory())
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

    private Manifests(String yaml) {
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(yaml)) {
            while (documents.hasNext()) {
                JsonNode document = documents.next();
                if (!document.isMissingNode() && !document.isNull()) {
                    add(document);
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e.getMessage() + "\n" + yaml, e);
        }
    }

    private void add(JsonNode document) throws IOException {
        String type = document.path("apiVersion").asText() + " " + document.path("kind").asText();
        HasMetadata object = STRICT.treeToValue(document, Objects.requireNonNull(TYPES.get(type), type));
        objects.add(object);
        if (trees.put(object.getKind() + "/" + object.getMetadata().getName(), document) != null) {
            throw new AssertionError(object.getKind() + "/" + object.getMetadata().getName() + " is there twice");
        }
    }

    static Manifests parse(String yaml) {
        return new Manifests(yaml);
    }

    /**
     * The chart's objects in the namespace {@code bookinfo}.
     *
     * @param values YAML; later ones override earlier ones
     * @throws IllegalStateException where the chart refuses the values
     */
    static Manifests chart(String... values) {
        return parse(rendered("bookinfo", values));
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
        if (found.size() != 1) {
            throw new AssertionError("expected one " + type.getSimpleName() + " among " + names());
        }
        return found.get(0);
    }
}
