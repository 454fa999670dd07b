package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Service;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The commands of the README that take everything away again find every object that any folder or component makes.
 */
class CleanUpTest extends ManifestsFixture {

    private static final Pattern BY_LABEL = Pattern.compile("(?m)^kubectl delete (\\S+) -l (\\S+)(?: +#.*)?$");
    private static final Pattern BY_NAME = Pattern
            .compile("(?m)^kubectl delete ([a-z.,0-9]+) ([a-z][a-z0-9 -]*?)(?: +[-#].*)?$");

    private static final Map<String, String> ABBREVIATIONS = Map.of("hpa", "horizontalpodautoscaler", "pdb",
            "poddisruptionbudget", "gateways.networking.istio.io", "gateway",
            "gateways.gateway.networking.k8s.io", "gateway");

    private String commands;

    @BeforeEach
    void read() throws IOException {
        String readme = Files.readString(Path.of("k8s/README.md"));
        commands = readme.substring(readme.indexOf("\n## Clean up\n"), readme.indexOf("**Last of all**"));
    }

    @ParameterizedTest
    @CsvSource({"routing, by-address, 'authorization trust-store scale'",
            "routing, by-range, 'standalone network-policy'",
            "routing, by-name, monitoring", "routing-gateway-api, by-gateway, network-policy",
            "routing-gateway-api, by-waypoint, standalone"})
    void commands_ofTheReadme_findEveryObject(String routing, String egress, String components) throws IOException {
        Manifests manifests = k8s.build(List.of("workload", routing, "egress/" + egress), Arrays
                .stream(components.split(" ")).filter(name -> !name.isEmpty()).map(name -> "components/" + name)
                .toList());

        assertEquals(List.of(), manifests.all(HasMetadata.class).stream().filter(object -> !isFound(object))
                .map(object -> object.getKind() + " " + object.getMetadata().getName()).toList());
    }

    @Test
    void commands_ofTheReadme_findTheGatewaysPort() {
        assertTrue(isFound(k8s.build("egress/gateway-port").the(Service.class)));
    }

    private boolean isFound(HasMetadata object) {
        return BY_LABEL.matcher(commands).results()
                .anyMatch(command -> names(command.group(1), object) && object.getMetadata().getLabels() != null
                        && object.getMetadata().getLabels().entrySet().containsAll(labels(command.group(2)).entrySet()))
                || BY_NAME.matcher(commands).results().anyMatch(command -> names(command.group(1), object)
                        && List.of(command.group(2).split(" ")).contains(object.getMetadata().getName()));
    }

    private static boolean names(String kinds, HasMetadata object) {
        return Arrays.stream(kinds.split(",")).map(kind -> ABBREVIATIONS.getOrDefault(kind, kind))
                .anyMatch(object.getKind()::equalsIgnoreCase);
    }

    private static Map<String, String> labels(String selector) {
        return Arrays.stream(selector.split(",")).map(label -> label.split("="))
                .collect(Collectors.toMap(label -> label[0], label -> label[1]));
    }
}
