package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
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
import org.opentest4j.TestAbortedException;

/**
 * The objects that a folder below {@code k8s/} consists of, built as users build them and parsed strictly.
 */
final class Manifests {

    /** Every kind that we mean to apply, in the version that we mean; anything else is refused. */
    private static final Map<String, Class<? extends HasMetadata>> TYPES = Stream
            .of(Deployment.class, ConfigMap.class, PodMonitor.class, PrometheusRule.class, Secret.class, Service.class,
                    ServiceAccount.class, HorizontalPodAutoscaler.class,
                    PodDisruptionBudget.class, DestinationRule.class, ServiceEntry.class, VirtualService.class,
                    AuthorizationPolicy.class, PeerAuthentication.class, HTTPRoute.class, NetworkPolicy.class,
                    io.fabric8.istio.api.networking.v1.Gateway.class,
                    io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway.class)
            .collect(Collectors.toMap(type -> HasMetadata.getApiVersion(type) + " " + HasMetadata.getKind(type),
                    type -> type));

    /**
     * The models catch what they do not know in a map; without it, an unknown field fails.
     */
    private static final ObjectMapper STRICT = new ObjectMapper(new YAMLFactory())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {

                private static final long serialVersionUID = 1L;

                @Override
                public Boolean hasAnySetter(Annotated annotated) {
                    return Boolean.FALSE;
                }
            });

    private final List<HasMetadata> objects;

    private final String yaml;

    private Manifests(String yaml) {
        this.yaml = yaml;
        this.objects = parse(yaml);
    }

    /**
     * @throws AssertionError if the folder does not build, or the result is not of the types that it says
     * @throws TestAbortedException where there is no kubectl
     */
    static Manifests build(Path folder) {
        Outcome outcome = kubectl("kustomize", folder.toString());
        if (outcome.exitCode() != 0) {
            throw new AssertionError("kubectl kustomize " + folder + ": " + outcome.errors());
        }
        return new Manifests(outcome.output());
    }

    /** What {@code kubectl kustomize} says against a folder that must not build. */
    static String refusal(Path folder) {
        Outcome outcome = kubectl("kustomize", folder.toString());
        if (outcome.exitCode() == 0) {
            throw new AssertionError("kubectl kustomize " + folder + " should fail, but gives:\n" + outcome.output());
        }
        return outcome.errors();
    }

    static Manifests parsed(Path file) throws IOException {
        return new Manifests(Files.readString(file));
    }

    String yaml() {
        return yaml;
    }

    /** Kind and name of every object, sorted. */
    List<String> names() {
        return objects.stream().map(object -> object.getKind() + " " + object.getMetadata().getName()).sorted()
                .toList();
    }

    <T extends HasMetadata> List<T> all(Class<T> type) {
        return objects.stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** The only object of the type. */
    <T extends HasMetadata> T the(Class<T> type) {
        return the(type, object -> true);
    }

    <T extends HasMetadata> T the(Class<T> type, String name) {
        return the(type, object -> object.getMetadata().getName().equals(name));
    }

    <T extends HasMetadata> T the(Class<T> type, Predicate<T> condition) {
        List<T> found = all(type).stream().filter(condition).toList();
        if (found.size() != 1) {
            throw new AssertionError("expected one such " + type.getSimpleName() + " among " + names());
        }
        return found.get(0);
    }

    static List<HasMetadata> parse(String yaml) {
        List<HasMetadata> objects = new ArrayList<>();
        try (var documents = STRICT.readerFor(JsonNode.class).<JsonNode>readValues(yaml)) {
            while (documents.hasNext()) {
                JsonNode document = documents.next();
                String type = document.path("apiVersion").asText() + " " + document.path("kind").asText();
                objects.add(STRICT.treeToValue(document, Objects.requireNonNull(TYPES.get(type),
                        () -> "not among the types that we apply: " + type)));
            }
        } catch (IOException e) {
            throw new AssertionError(e.getMessage() + "\n" + yaml, e);
        }
        return objects;
    }

    /** Runs a script of k8s/ and gives what it prints. */
    static Outcome run(String... command) {
        try {
            Path output = Files.createTempFile("output", null);
            Path errors = Files.createTempFile("errors", null);
            try {
                Process process = new ProcessBuilder(command).redirectOutput(output.toFile())
                        .redirectError(errors.toFile()).start();
                if (!process.waitFor(1, TimeUnit.MINUTES)) {
                    process.destroyForcibly();
                    throw new AssertionError(String.join(" ", command) + " does not end");
                }
                return new Outcome(process.exitValue(), Files.readString(output), Files.readString(errors));
            } finally {
                Files.delete(output);
                Files.delete(errors);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static Outcome kubectl(String... arguments) {
        try {
            return run(Stream.concat(Stream.of("kubectl"), Stream.of(arguments)).toArray(String[]::new));
        } catch (UncheckedIOException e) {
            throw new TestAbortedException(
                    "Install kubectl 1.27 or newer, without a cluster: these tests build k8s/ with"
                            + " 'kubectl kustomize', as users do.",
                    e);
        }
    }

    record Outcome(int exitCode, String output, String errors) {
    }

    /**
     * A copy of {@code k8s/} for a database, as a user has it after editing the one file.
     */
    static final class Copy {

        private static final Path SOURCE = Path.of("k8s");

        private final Path folder;

        /**
         * @param folder an empty one, in which {@code k8s} is made
         * @param changes values that differ from the example's
         */
        Copy(Path folder, Map<String, String> changes) throws IOException {
            this.folder = folder.resolve("k8s");
            try (Stream<Path> files = Files.walk(SOURCE)) {
                for (Path file : files.toList()) {
                    if (!file.endsWith("database.env") && !file.endsWith("trust-store.p12")) {
                        Path target = this.folder.resolve(SOURCE.relativize(file).toString());
                        if (!Files.isDirectory(target)) {
                            Files.copy(file, target);
                        }
                    }
                }
            }
            Map<String, String> values = new TreeMap<>(changes);
            List<String> lines = new ArrayList<>();
            for (String line : Files.readAllLines(SOURCE.resolve("database/database.env.example"))) {
                String key = line.replaceFirst("=.*", "");
                String value = values.remove(key);
                lines.add(value == null ? line : key + "=" + value);
            }
            if (!values.isEmpty()) {
                throw new AssertionError("database.env.example has no " + values.keySet());
            }
            Files.write(path("database/database.env"), lines);
            Files.write(path("components/trust-store/trust-store.p12"), new byte[]{1, 2, 3});
        }

        Path path(String name) {
            return folder.resolve(name);
        }

        /** Changes a line of database.env. */
        void set(String variable, String value) throws IOException {
            List<String> lines = new ArrayList<>();
            for (String line : Files.readAllLines(path("database/database.env"))) {
                lines.add(line.startsWith(variable + "=") ? variable + "=" + value : line);
            }
            Files.write(path("database/database.env"), lines);
        }

        Manifests build(String name) {
            return Manifests.build(path(name));
        }

        /** A kustomization of the user's own, beside k8s/: kustomize lets none include the folder that it is in. */
        Manifests build(List<String> resources, List<String> components) throws IOException {
            return buildOwn(list("resources", resources) + list("components", components));
        }

        Manifests buildOwn(String kustomization) throws IOException {
            return withOwn(kustomization, Manifests::build);
        }

        /** What is said against a kustomization of the user's own that must not build. */
        String refusal(List<String> resources, List<String> components) throws IOException {
            return withOwn(list("resources", resources) + list("components", components), Manifests::refusal);
        }

        private <T> T withOwn(String kustomization, Function<Path, T> use) throws IOException {
            Path own = Files.createDirectory(folder.resolveSibling("own"));
            Files.writeString(own.resolve("kustomization.yaml"), kustomization);
            try {
                return use.apply(own);
            } finally {
                Files.delete(own.resolve("kustomization.yaml"));
                Files.delete(own);
            }
        }

        private static String list(String key, List<String> folders) {
            return key + ":" + (folders.isEmpty() ? " []\n" : "\n")
                    + folders.stream().map(name -> "- ../k8s/" + name + "\n").collect(Collectors.joining());
        }
    }
}
