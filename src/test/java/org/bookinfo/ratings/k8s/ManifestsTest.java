package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.fabric8.istio.api.api.networking.v1alpha3.Destination;
import io.fabric8.istio.api.api.networking.v1alpha3.HTTPRoute;
import io.fabric8.istio.api.api.networking.v1alpha3.HTTPRouteDestination;
import io.fabric8.istio.api.api.networking.v1alpha3.ServiceEntryLocation;
import io.fabric8.istio.api.api.networking.v1alpha3.ServiceEntryResolution;
import io.fabric8.istio.api.api.networking.v1alpha3.ServicePort;
import io.fabric8.istio.api.api.networking.v1alpha3.Subset;
import io.fabric8.istio.api.networking.v1.DestinationRule;
import io.fabric8.istio.api.networking.v1.ServiceEntry;
import io.fabric8.istio.api.networking.v1.VirtualService;
import io.fabric8.istio.api.security.v1.AuthorizationPolicy;
import io.fabric8.istio.api.security.v1.PeerAuthentication;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import org.bookinfo.ratings.settings.Settings;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What users apply, built with {@code kubectl kustomize} as they build it. Every build also parses strictly: see
 * {@link Manifests}.
 */
class ManifestsTest {

    private static final Map<String, String> OUR_LABELS = Map.of("app", "ratings", "version", "v2-mysql");

    /** What the Service "ratings" of Bookinfo selects by. */
    private static final Map<String, String> BOOKINFO_SELECTOR = Map.of("app", "ratings");

    private static final String PASSWORD = "s3cret \"x='#$y";

    private static final List<String> COMPONENTS = List.of("authorization", "scale", "standalone", "trust-store");

    @TempDir
    Path folder;

    private Manifests.Copy k8s;

    @BeforeEach
    void copy() throws IOException {
        k8s = new Manifests.Copy(folder, Map.of("MYSQL_DB_PASSWORD", PASSWORD));
    }

    // --- Builds ---

    @Test
    void install_default_isWorkloadRoutingAndEgressByAddress() {
        List<String> names = k8s.build(".").names();

        assertEquals(List.of("Deployment ratings-v2-mysql", "DestinationRule ratings-v2-mysql",
                "DestinationRule reviews-v3", "Secret ratings-database",
                "ServiceAccount bookinfo-ratings-v2-mysql", "ServiceEntry mysql-external",
                "VirtualService ratings", "VirtualService reviews"),
                names.stream().map(ManifestsTest::withoutHash).toList());
    }

    @Test
    void parts_eachAlone_togetherAreTheInstall() {
        List<String> parts = Stream.of("workload", "routing", "egress/by-address")
                .flatMap(part -> k8s.build(part).names().stream()).sorted().toList();

        assertEquals(k8s.build(".").names(), parts);
    }

    @ParameterizedTest
    @MethodSource("kustomizations")
    void kustomization_alone_builds(String name) {
        assertFalse(k8s.build(name).names().isEmpty());
    }

    /** Every folder with objects to apply. A new one is found by itself. */
    static List<String> kustomizations() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("k8s"))) {
            return files.filter(file -> file.endsWith("kustomization.yaml")).map(Path::getParent)
                    .filter(parent -> !parent.endsWith("values") && !parent.startsWith("k8s/components"))
                    .map(parent -> Path.of("k8s").relativize(parent).toString())
                    .map(name -> name.isEmpty() ? "." : name).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void components_inAnyCombination_buildAndMeetRestricted(List<String> components) throws IOException {
        Manifests manifests = k8s.build(List.of("workload", "routing", "egress/by-range"), components);

        Deployment deployment = manifests.the(Deployment.class);
        assertRestricted(deployment.getSpec().getTemplate().getSpec());
        assertSelectorsMatch(manifests);
        assertEquals(components.contains("components/scale"), deployment.getSpec().getReplicas() == null,
                "replicas are the autoscaler's where there is one, and ours where there is none");
        assertEquals(components.contains("components/standalone") ? 1 : 0, manifests.all(Service.class).size());
        assertEquals(components.contains("components/authorization") ? 1 : 0,
                manifests.all(AuthorizationPolicy.class).size());
        assertEquals(components.contains("components/trust-store") ? 2 : 1, manifests.all(Secret.class).size());
    }

    static List<List<String>> combinations() throws IOException {
        try (Stream<Path> folders = Files.list(Path.of("k8s/components"))) {
            assertEquals(COMPONENTS, folders.map(path -> path.getFileName().toString()).sorted().toList());
        }
        return IntStream.range(0, 1 << COMPONENTS.size())
                .mapToObj(set -> IntStream.range(0, COMPONENTS.size()).filter(i -> (set >> i & 1) == 1)
                        .mapToObj(i -> "components/" + COMPONENTS.get(i)).toList())
                .toList();
    }

    @Test
    void wholeInstall_allComponents_builds() throws IOException {
        Manifests manifests = k8s.build(List.of("."), COMPONENTS.stream().map(name -> "components/" + name).toList());

        assertSelectorsMatch(manifests);
    }

    @Test
    void parsing_unknownField_fails() {
        AssertionError error = assertThrows(AssertionError.class, () -> Manifests.parse("""
                apiVersion: networking.istio.io/v1
                kind: ServiceEntry
                metadata:
                  name: any
                spec:
                  adresses: [192.0.2.1]
                """));

        assertTrue(error.getMessage().contains("adresses"), error.getMessage());
    }

    @Test
    void parsing_anotherApiVersion_fails() {
        assertThrows(NullPointerException.class, () -> Manifests.parse("""
                apiVersion: networking.istio.io/v1beta1
                kind: ServiceEntry
                """));
    }

    @Test
    void databaseEnv_missing_isNamed() throws IOException {
        Files.delete(k8s.path("database/database.env"));

        assertTrue(Manifests.refusal(k8s.path(".")).contains("database/database.env"));
    }

    // --- Workload ---

    @Test
    void deployment_labels_joinBookinfosServiceAndOurSubset() {
        Deployment deployment = k8s.build("workload").the(Deployment.class);

        assertEquals("ratings-v2-mysql", deployment.getMetadata().getName());
        assertEquals(OUR_LABELS, deployment.getMetadata().getLabels());
        assertEquals(OUR_LABELS, deployment.getSpec().getSelector().getMatchLabels());
        assertMatches(BOOKINFO_SELECTOR, deployment);
        assertEquals("ratings", container(deployment).getName());
        assertEquals(List.of("http 9080"), container(deployment).getPorts().stream()
                .map(port -> port.getName() + " " + port.getContainerPort()).toList());
    }

    @Test
    void deployment_podSpec_meetsRestrictedStandard() {
        assertRestricted(podSpec());
    }

    @Test
    void deployment_podSpec_needsNothingOfTheCluster() {
        PodSpec pod = podSpec();

        assertEquals(false, pod.getAutomountServiceAccountToken());
        assertEquals(false, pod.getEnableServiceLinks());
        assertEquals(k8s.build("workload").the(ServiceAccount.class).getMetadata().getName(),
                pod.getServiceAccountName());
        assertEquals(List.of("/tmp"), container(pod).getVolumeMounts().stream()
                .map(mount -> mount.getMountPath()).toList());
    }

    @Test
    void deployment_rollout_losesNoRequest() {
        Deployment deployment = k8s.build("workload").the(Deployment.class);

        assertEquals(new IntOrString(0), deployment.getSpec().getStrategy().getRollingUpdate().getMaxUnavailable());
        assertEquals(30, deployment.getSpec().getTemplate().getSpec().getTerminationGracePeriodSeconds());
        assertTrue(deployment.getSpec().getReplicas() >= 2);
        assertEquals(2, deployment.getSpec().getTemplate().getSpec().getTopologySpreadConstraints().size());
    }

    @Test
    void deployment_probes_leaveTheDatabaseOut() {
        Container container = container(podSpec());

        assertEquals("/q/health/started", path(container.getStartupProbe()));
        assertEquals("/q/health/live", path(container.getLivenessProbe()));
        assertEquals("/q/health/ready", path(container.getReadinessProbe()));
    }

    /** Istio's injector looks for these on the Pod, and scrapes what they say from within. */
    @Test
    void deployment_podAnnotations_offerTheMetrics() {
        Deployment deployment = k8s.build("workload").the(Deployment.class);

        assertEquals(Map.of("prometheus.io/scrape", "true", "prometheus.io/path", "/q/metrics", "prometheus.io/port",
                String.valueOf(container(deployment).getPorts().get(0).getContainerPort())),
                deployment.getSpec().getTemplate().getMetadata().getAnnotations());
    }

    @Test
    void deployment_log_isJson() {
        assertEquals(List.of("RATINGS_LOG_JSON=true"), container(podSpec()).getEnv().stream()
                .filter(variable -> variable.getValueFrom() == null)
                .map(variable -> variable.getName() + "=" + variable.getValue()).toList());
    }

    @Test
    void deployment_resources_fitWhatWasMeasured() {
        var resources = container(podSpec()).getResources();

        assertEquals("160Mi", resources.getRequests().get("memory").toString());
        assertEquals("256Mi", resources.getLimits().get("memory").toString());
        assertFalse(resources.getLimits().containsKey("cpu"));
    }

    @Test
    void image_inAKustomizationOfOnesOwn_isReplaced() throws IOException {
        Manifests manifests = k8s.buildOwn("""
                resources:
                - ../k8s
                namespace: bookinfo
                images:
                - name: bookinfo-ratings-v2-mysql
                  newName: registry.example/ratings
                  newTag: 2.0.0
                """);

        assertEquals("bookinfo-ratings-v2-mysql:1.0.0", container(podSpec()).getImage());
        assertEquals("registry.example/ratings:2.0.0", container(manifests.the(Deployment.class)).getImage());
        assertEquals(List.of("mysql.example.com"), manifests.the(ServiceEntry.class).getSpec().getHosts());
    }

    // --- The Secret ---

    @Test
    void secret_keys_areWhatTheContainerTakesAndTheApplicationReads() throws Exception {
        Manifests manifests = k8s.build("workload");
        Secret secret = manifests.the(Secret.class);

        List<EnvVar> environment = fromTheSecret(manifests);

        assertEquals(readByTheApplication(), environment.stream().map(EnvVar::getName).collect(Collectors.toSet()));
        for (EnvVar variable : environment) {
            assertNull(variable.getValue(), variable.getName());
            assertEquals(variable.getName(), variable.getValueFrom().getSecretKeyRef().getKey());
            assertEquals(secret.getMetadata().getName(), variable.getValueFrom().getSecretKeyRef().getName());
        }
        assertEquals(readByTheApplication(), secret.getData().keySet());
    }

    @Test
    void secret_values_areTakenAsTheyStand() {
        Map<String, String> data = k8s.build("workload").the(Secret.class).getData();

        assertEquals(PASSWORD, decoded(data.get("MYSQL_DB_PASSWORD")));
        assertEquals("3306", decoded(data.get("MYSQL_DB_PORT")));
        assertEquals("mysql.example.com", decoded(data.get("MYSQL_DB_HOST")));
    }

    @Test
    void secret_changed_rollsTheDeployment() throws IOException {
        String before = k8s.build("workload").the(Secret.class).getMetadata().getName();

        rewrite("database/database.env", "(?m)^MYSQL_DB_PASSWORD=.*", "MYSQL_DB_PASSWORD=another");
        Manifests after = k8s.build("workload");

        assertNotEquals(before, after.the(Secret.class).getMetadata().getName());
        assertEquals(Set.of(after.the(Secret.class).getMetadata().getName()),
                fromTheSecret(after).stream().map(variable -> variable.getValueFrom().getSecretKeyRef().getName())
                        .collect(Collectors.toSet()));
    }

    @Test
    void secret_addressesChanged_rollsNothing() throws IOException {
        String before = k8s.build("workload").yaml();

        rewrite("database/database.env", "(?m)^EGRESS_ADDRESSES=.*", "EGRESS_ADDRESSES=192.0.2.99/32");

        assertEquals(before, k8s.build("workload").yaml());
    }

    @Test
    void secret_name_isNotBookinfos() {
        assertEquals("ratings-database",
                withoutHash(k8s.build("workload").the(Secret.class).getMetadata().getName()));
    }

    @Test
    void password_inTheOutput_standsInTheSecretOnly() throws IOException {
        String encoded = Base64.getEncoder().encodeToString(PASSWORD.getBytes(StandardCharsets.UTF_8));
        for (String name : kustomizations()) {
            Manifests manifests = k8s.build(name);
            assertFalse(manifests.yaml().contains("s3cret"), name);
            assertFalse(manifests.yaml().contains("kind: ConfigMap"), name);
            assertEquals(manifests.all(Secret.class).size(), manifests.yaml().split(Pattern.quote(encoded)).length - 1,
                    name);
        }
    }

    @Test
    void trustStore_component_isMountedWhereTheExampleSays() throws IOException {
        Manifests manifests = k8s.build(List.of("workload"), List.of("components/trust-store"));

        PodSpec pod = manifests.the(Deployment.class).getSpec().getTemplate().getSpec();
        Volume volume = pod.getVolumes().stream().filter(candidate -> candidate.getName().equals("trust-store"))
                .findFirst().orElseThrow();
        Secret secret = manifests.the(Secret.class, volume.getSecret().getSecretName());
        assertEquals(Set.of("trust-store.p12"), secret.getData().keySet());
        String directory = container(pod).getVolumeMounts().stream()
                .filter(mount -> mount.getName().equals("trust-store")).findFirst().orElseThrow().getMountPath();
        assertTrue(Files.readString(Path.of("k8s/database/database.env.example"))
                .contains(" " + directory + "/trust-store.p12 "));
    }

    // --- Routing ---

    @Test
    void routes_everySubset_isDefinedAndRatingsIsOurs() {
        Manifests manifests = k8s.build("routing");

        assertSelectorsMatch(manifests);
        assertEquals("v3", destination(manifests, "reviews").getSubset());
        assertEquals("v2-mysql", destination(manifests, "ratings").getSubset());
        assertEquals(Map.of("version", "v3"), subset(manifests, "reviews", "v3").getLabels());
        assertMatches(subset(manifests, "ratings", "v2-mysql").getLabels(),
                k8s.build("workload").the(Deployment.class));
    }

    @Test
    void routes_toRatings_endBeforeReviewsGivesUpAndAfterTheService() throws IOException {
        HTTPRoute route = route(k8s.build("routing"), "ratings");

        Duration timeout = Duration.parse("PT" + route.getTimeout());
        Duration deadline = Duration.parse("PT" + property("RATINGS_DEADLINE:(\\w+)"));

        assertTrue(timeout.compareTo(Duration.ofMillis(2500)) < 0, "timeout " + timeout);
        assertTrue(timeout.compareTo(deadline) > 0, "timeout " + timeout + ", deadline " + deadline);
    }

    @Test
    void routes_toRatings_retryNoAnswer() {
        HTTPRoute route = route(k8s.build("routing"), "ratings");

        assertEquals(Set.of("connect-failure", "refused-stream"), Set.of(route.getRetries().getRetryOn().split(",")));
    }

    @Test
    void destinationRules_besideBookinfos_mergeWithThem() {
        for (DestinationRule rule : k8s.build(".").all(DestinationRule.class)) {
            assertFalse(Set.of("productpage", "reviews", "ratings", "details").contains(rule.getMetadata().getName()),
                    "would take the place of Bookinfo's own: " + rule.getMetadata().getName());
            assertNull(rule.getSpec().getTrafficPolicy());
            assertTrue(rule.getSpec().getExportTo().isEmpty());
            rule.getSpec().getSubsets().forEach(subset -> assertNull(subset.getTrafficPolicy()));
        }
    }

    // --- Egress ---

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.10/32", "192.0.2.10/32,192.0.2.11/32,198.51.100.7/32",
            "192.0.2.10/32, 2001:db8::10/128", "2001:db8::10/128", "fd00:1:2:3:4:5:6:7/128,10.0.0.1"})
    void byAddress_oneOrSeveral_areTheServiceEntrys(String addresses) throws IOException {
        rewrite("database/database.env", "(?m)^EGRESS_ADDRESSES=.*", "EGRESS_ADDRESSES=" + addresses);

        ServiceEntry entry = k8s.build("egress/by-address").the(ServiceEntry.class);

        assertEquals(List.of(addresses.split(", ?")), entry.getSpec().getAddresses());
        assertEquals(ServiceEntryResolution.NONE, entry.getSpec().getResolution());
        assertOpensTheDatabase(entry, "mysql.example.com", 3306);
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.0/24", "192.0.2.0/24, 2001:db8::/64"})
    void byRange_oneOrSeveral_areTheServiceEntrys(String ranges) throws IOException {
        rewrite("database/database.env", "(?m)^EGRESS_RANGES=.*", "EGRESS_RANGES=" + ranges);

        ServiceEntry entry = k8s.build("egress/by-range").the(ServiceEntry.class);

        assertEquals(List.of(ranges.split(", ?")), entry.getSpec().getAddresses());
        assertEquals(ServiceEntryResolution.NONE, entry.getSpec().getResolution());
        assertOpensTheDatabase(entry, "mysql.example.com", 3306);
    }

    @Test
    void byName_noAddress_isResolvedByTheProxy() {
        ServiceEntry entry = k8s.build("egress/by-name").the(ServiceEntry.class);

        assertTrue(entry.getSpec().getAddresses().isEmpty());
        assertEquals(ServiceEntryResolution.DNS, entry.getSpec().getResolution());
        assertOpensTheDatabase(entry, "mysql.example.com", 3306);
    }

    @ParameterizedTest
    @ValueSource(strings = {"egress/by-address", "egress/by-range", "egress/by-name"})
    void egress_hostAndPort_areTheOneSources(String variant) throws IOException {
        rewrite("database/database.env", "(?m)^MYSQL_DB_HOST=.*", "MYSQL_DB_HOST=db-7.internal");
        rewrite("database/database.env", "(?m)^MYSQL_DB_PORT=.*", "MYSQL_DB_PORT=33060");

        assertOpensTheDatabase(k8s.build(variant).the(ServiceEntry.class), "db-7.internal", 33060);
        assertEquals("db-7.internal",
                decoded(k8s.build("workload").the(Secret.class).getData().get("MYSQL_DB_HOST")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.10", "2001:db8::10"})
    void egress_hostIsAnAddress_hasANameThatIstioTakes(String host) throws IOException {
        rewrite("database/database.env", "(?m)^MYSQL_DB_HOST=.*", "MYSQL_DB_HOST=" + host);

        assertOpensTheDatabase(k8s.build("egress/by-address").the(ServiceEntry.class), "mysql.external", 3306);
        assertEquals(host, decoded(k8s.build("workload").the(Secret.class).getData().get("MYSQL_DB_HOST")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"by-address", "by-range"})
    void egress_noAddress_isRefused(String variant) throws IOException {
        rewrite("database/database.env", "(?m)^(EGRESS_\\w+)=.*", "$1=");

        Manifests.refusal(k8s.path("egress/" + variant));
    }

    @Test
    void addresses_script_printsALineForTheExampleFile() throws IOException {
        String script = k8s.path("addresses").toString();
        rewrite("database/database.env", "(?m)^MYSQL_DB_HOST=.*", "MYSQL_DB_HOST=198.51.100.7");

        assertEquals("EGRESS_ADDRESSES=192.0.2.10/32\n", Manifests.run("sh", script, "192.0.2.10").output());
        assertEquals("EGRESS_ADDRESSES=2001:db8::10/128\n", Manifests.run("sh", script, "2001:db8::10").output());
        assertEquals("EGRESS_ADDRESSES=198.51.100.7/32\n", Manifests.run("sh", script).output());
        assertEquals(1, Manifests.run("sh", script, "nowhere.invalid").exitCode());
    }

    /** The script asks a dig of ours, whose answers are known. */
    @Test
    void addresses_script_sortsFamiliesAndLeavesAliasesOut() throws IOException {
        Path bin = Files.createDirectory(k8s.path("bin"));
        Path dig = Files.writeString(bin.resolve("dig"), """
                #!/bin/sh
                case "$3" in
                A) printf 'alias.example.com.\\n192.0.2.11\\n192.0.2.10\\n192.0.2.11\\n' ;;
                AAAA) printf 'alias.example.com.\\n2001:db8::10\\n' ;;
                esac
                """);
        assertTrue(dig.toFile().setExecutable(true));

        Manifests.Outcome outcome = Manifests.run("sh", "-c", "PATH='" + bin + "':$PATH; exec sh '"
                + k8s.path("addresses") + "' mysql.example.com");

        assertEquals("EGRESS_ADDRESSES=192.0.2.10/32,192.0.2.11/32,2001:db8::10/128\n", outcome.output());
        Files.writeString(k8s.path("database/database.env"),
                Files.readString(k8s.path("database/database.env")).replaceFirst("EGRESS_ADDRESSES=.*\n",
                        outcome.output()));
        assertEquals(List.of("192.0.2.10/32", "192.0.2.11/32", "2001:db8::10/128"),
                k8s.build("egress/by-address").the(ServiceEntry.class).getSpec().getAddresses());
    }

    // --- Components ---

    @Test
    void authorization_callers_areReviewsAndProductpage() throws IOException {
        Manifests manifests = k8s.build(List.of("workload"), List.of("components/authorization"));

        var rules = manifests.the(AuthorizationPolicy.class).getSpec().getRules();
        assertEquals(1, rules.size());
        assertEquals(1, rules.get(0).getFrom().size());
        assertEquals(List.of("bookinfo-reviews", "bookinfo-productpage"),
                rules.get(0).getFrom().get(0).getSource().getServiceAccounts());
        assertEquals("STRICT",
                manifests.the(PeerAuthentication.class).getSpec().getMtls().getMode().name());
    }

    @Test
    void scale_autoscaler_watchesOurContainerOfOurDeployment() throws IOException {
        Manifests manifests = k8s.build(List.of("workload"), List.of("components/scale"));

        var autoscaler = manifests.the(HorizontalPodAutoscaler.class).getSpec();
        Deployment deployment = manifests.the(Deployment.class);
        assertEquals(deployment.getMetadata().getName(), autoscaler.getScaleTargetRef().getName());
        assertEquals(deployment.getKind(), autoscaler.getScaleTargetRef().getKind());
        assertEquals(deployment.getApiVersion(), autoscaler.getScaleTargetRef().getApiVersion());
        assertEquals(container(deployment).getName(),
                autoscaler.getMetrics().get(0).getContainerResource().getContainer());
    }

    @Test
    void standalone_service_isNamedAsBookinfosAndRoutedTo() throws IOException {
        Manifests manifests = k8s.build(List.of("."), List.of("components/standalone"));

        Service service = manifests.the(Service.class);
        assertEquals("ratings", service.getMetadata().getName());
        assertEquals(BOOKINFO_SELECTOR, service.getSpec().getSelector());
        assertEquals(9080, service.getSpec().getPorts().get(0).getPort());
        assertEquals(List.of("ratings"), manifests.all(VirtualService.class).stream()
                .map(route -> route.getMetadata().getName()).toList());
        assertEquals("v2-mysql", destination(manifests, "ratings").getSubset());
    }

    // --- The repository ---

    @Test
    void trackedFiles_passwordsAndKeys_areNotAmongThem() throws IOException {
        Pattern assigned = Pattern.compile("(?im)^[ \\t#+-]*(?:export )?[\\w.-]*(?:password|passwd)[ \\t]*[:=][ \\t]*"
                + "(?!\\$|null\\b|\"?\\$\\{|\\.\\.\\.)(\\S+)");
        List<String> found = new ArrayList<>();
        for (Path file : tracked()) {
            String text = Files.readString(file, StandardCharsets.ISO_8859_1);
            if (text.contains("-----BEGIN " + "PRIVATE") || text.contains("-----BEGIN RSA " + "PRIVATE")) {
                found.add(file + ": a private key");
            }
            if (file.toString().matches(".*\\.(ya?ml|properties|env|example|json|toml|xml|cnf)|.*Dockerfile.*")) {
                Matcher matcher = assigned.matcher(text);
                while (matcher.find()) {
                    found.add(file + ": " + matcher.group().strip());
                }
            }
        }

        assertEquals(List.of(), found);
    }

    @Test
    void trackedFiles_whatUsersFillIn_isIgnored() throws IOException {
        List<String> ignored = Files.readAllLines(Path.of(".gitignore"));

        assertTrue(ignored.contains("/k8s/database/database.env"));
        assertTrue(ignored.contains("/k8s/components/trust-store/trust-store.p12"));
    }

    /** What git would track, also where the sources came without git. */
    private static List<Path> tracked() throws IOException {
        List<String> ignored = new ArrayList<>(List.of(".git"));
        Files.readAllLines(Path.of(".gitignore")).stream().filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(line -> line.replaceAll("^/|/$", "")).forEach(ignored::add);
        List<Path> files = new ArrayList<>();
        Files.walkFileTree(Path.of(""), new SimpleFileVisitor<>() {

            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                return isIgnored(directory) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (!isIgnored(file)) {
                    files.add(file);
                }
                return FileVisitResult.CONTINUE;
            }

            private boolean isIgnored(Path path) {
                return ignored.stream().anyMatch(pattern -> FileSystems.getDefault()
                        .getPathMatcher("glob:" + pattern)
                        .matches(pattern.contains("/") ? path : path.getFileName()));
            }
        });
        return files;
    }

    // --- What the tests above share ---

    private static void assertSelectorsMatch(Manifests manifests) {
        for (VirtualService route : manifests.all(VirtualService.class)) {
            for (HTTPRoute http : route.getSpec().getHttp()) {
                for (HTTPRouteDestination destination : http.getRoute()) {
                    subset(manifests, destination.getDestination().getHost(),
                            destination.getDestination().getSubset());
                }
            }
        }
        for (Deployment deployment : manifests.all(Deployment.class)) {
            assertMatches(deployment.getSpec().getSelector().getMatchLabels(), deployment);
            manifests.all(PodDisruptionBudget.class)
                    .forEach(budget -> assertMatches(budget.getSpec().getSelector().getMatchLabels(), deployment));
            manifests.all(AuthorizationPolicy.class)
                    .forEach(policy -> assertMatches(policy.getSpec().getSelector().getMatchLabels(), deployment));
            manifests.all(PeerAuthentication.class)
                    .forEach(policy -> assertMatches(policy.getSpec().getSelector().getMatchLabels(), deployment));
            deployment.getSpec().getTemplate().getSpec().getTopologySpreadConstraints()
                    .forEach(spread -> assertMatches(spread.getLabelSelector().getMatchLabels(), deployment));
            for (Service service : manifests.all(Service.class)) {
                assertMatches(service.getSpec().getSelector(), deployment);
                service.getSpec().getPorts().forEach(port -> assertHasPort(deployment, port.getTargetPort()));
            }
            Container container = container(deployment);
            assertEquals(
                    deployment.getSpec().getTemplate().getSpec().getVolumes().stream().map(Volume::getName)
                            .collect(Collectors.toSet()),
                    container.getVolumeMounts().stream().map(VolumeMount::getName).collect(Collectors.toSet()));
            Stream.of(container.getStartupProbe(), container.getLivenessProbe(), container.getReadinessProbe())
                    .forEach(probe -> assertHasPort(deployment, probe.getHttpGet().getPort()));
        }
    }

    private static void assertMatches(Map<String, String> selector, Deployment deployment) {
        Map<String, String> labels = deployment.getSpec().getTemplate().getMetadata().getLabels();
        assertFalse(selector.isEmpty());
        assertTrue(labels.entrySet().containsAll(selector.entrySet()), selector + " does not select " + labels);
    }

    private static void assertHasPort(Deployment deployment, IntOrString port) {
        assertTrue(container(deployment).getPorts().stream().map(ContainerPort::getName).toList()
                .contains(port.getStrVal()), "no port named " + port.getStrVal());
    }

    /** The rules of the Pod Security Standard "restricted" that concern a Pod such as ours. */
    private static void assertRestricted(PodSpec pod) {
        assertEquals(true, pod.getSecurityContext().getRunAsNonRoot());
        assertTrue(pod.getSecurityContext().getRunAsUser() > 0);
        assertEquals("RuntimeDefault", pod.getSecurityContext().getSeccompProfile().getType());
        for (Container container : pod.getContainers()) {
            assertEquals(false, container.getSecurityContext().getAllowPrivilegeEscalation());
            assertEquals(List.of("ALL"), container.getSecurityContext().getCapabilities().getDrop());
            assertEquals(List.of(), container.getSecurityContext().getCapabilities().getAdd());
            assertEquals(true, container.getSecurityContext().getReadOnlyRootFilesystem());
            assertNull(container.getSecurityContext().getPrivileged());
            container.getPorts().forEach(port -> assertNull(port.getHostPort()));
        }
        assertNull(pod.getHostNetwork());
        assertNull(pod.getHostPID());
        assertNull(pod.getHostIPC());
        pod.getVolumes().forEach(volume -> assertTrue(volume.getEmptyDir() != null || volume.getSecret() != null,
                volume.getName()));
    }

    private static void assertOpensTheDatabase(ServiceEntry entry, String host, long port) {
        assertEquals("mysql-external", entry.getMetadata().getName());
        assertEquals(List.of(host), entry.getSpec().getHosts());
        assertEquals(ServiceEntryLocation.MESH_EXTERNAL, entry.getSpec().getLocation());
        assertEquals(List.of("."), entry.getSpec().getExportTo());
        assertEquals(1, entry.getSpec().getPorts().size());
        ServicePort servicePort = entry.getSpec().getPorts().get(0);
        assertEquals(port, servicePort.getNumber());
        assertEquals("TCP", servicePort.getProtocol());
    }

    private PodSpec podSpec() {
        return k8s.build("workload").the(Deployment.class).getSpec().getTemplate().getSpec();
    }

    private static List<EnvVar> fromTheSecret(Manifests manifests) {
        return container(manifests.the(Deployment.class)).getEnv().stream()
                .filter(variable -> variable.getName().startsWith("MYSQL_DB_")).toList();
    }

    private static Container container(Deployment deployment) {
        return container(deployment.getSpec().getTemplate().getSpec());
    }

    private static Container container(PodSpec pod) {
        assertEquals(1, pod.getContainers().size());
        return pod.getContainers().get(0);
    }

    private static String path(Probe probe) {
        return probe.getHttpGet().getPath();
    }

    private static HTTPRoute route(Manifests manifests, String host) {
        VirtualService service = manifests.the(VirtualService.class,
                candidate -> candidate.getSpec().getHosts().equals(List.of(host)));
        assertEquals(host, service.getMetadata().getName(), "takes the place of Bookinfo's route");
        assertEquals(1, service.getSpec().getHttp().size());
        return service.getSpec().getHttp().get(0);
    }

    private static Destination destination(Manifests manifests, String host) {
        List<HTTPRouteDestination> destinations = route(manifests, host).getRoute();
        assertEquals(1, destinations.size());
        assertEquals(host, destinations.get(0).getDestination().getHost());
        return destinations.get(0).getDestination();
    }

    private static Subset subset(Manifests manifests, String host, String name) {
        List<Subset> subsets = manifests.all(DestinationRule.class).stream()
                .filter(rule -> rule.getSpec().getHost().equals(host))
                .flatMap(rule -> rule.getSpec().getSubsets().stream())
                .filter(subset -> subset.getName().equals(name)).toList();
        assertEquals(1, subsets.size(), "subset " + name + " of " + host);
        return subsets.get(0);
    }

    /** The variables that the code and the configuration name. */
    private static Set<String> readByTheApplication() throws IOException, IllegalAccessException {
        Set<String> variables = new TreeSet<>();
        for (Field field : Settings.class.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getType() == String.class) {
                field.setAccessible(true);
                variables.add((String) field.get(null));
            }
        }
        Matcher matcher = Pattern.compile("\\$\\{([A-Z0-9_]+)").matcher(properties());
        while (matcher.find()) {
            variables.add(matcher.group(1));
        }
        variables.removeIf(variable -> !variable.startsWith("MYSQL_DB_"));
        assertTrue(variables.containsAll(
                Set.of("MYSQL_DB_HOST", "MYSQL_DB_PORT", "MYSQL_DB_USER", "MYSQL_DB_PASSWORD")));
        return variables;
    }

    private static String property(String pattern) throws IOException {
        Matcher matcher = Pattern.compile(pattern).matcher(properties());
        assertTrue(matcher.find(), pattern);
        return matcher.group(1);
    }

    private static String properties() throws IOException {
        return Files.readString(Path.of("src/main/resources/application.properties"));
    }

    private void rewrite(String file, String pattern, String replacement) throws IOException {
        String before = Files.readString(k8s.path(file));
        String after = before.replaceAll(pattern, replacement);
        assertNotEquals("", after);
        Files.writeString(k8s.path(file), after);
    }

    private static String decoded(String base64) {
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }

    /** Kustomize puts ten letters and digits behind the name of what it generates. */
    private static String withoutHash(String name) {
        return name.replaceFirst("(?<=ratings-database)-[a-z0-9]{10}$", "");
    }
}
