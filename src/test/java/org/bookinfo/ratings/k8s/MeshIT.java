package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The chart in a real mesh with Bookinfo: {@code ./mvnw verify -Pmesh}. The mesh has sidecars and a closed egress.
 */
@Tag("mesh")
@Timeout(900)
class MeshIT {

    private static final String PASSWORD = "first-password";
    private static final String ROUTES = "routing: {mode: virtualService}";

    /** What routing.mode=httpRoute needs of Bookinfo's bookinfo-versions.yaml. */
    private static final String REVIEWS_V3 = """
            apiVersion: v1
            kind: Service
            metadata: {name: reviews-v3}
            spec:
              selector: {app: reviews, version: v3}
              ports: [{name: http, port: 9080}]
            """;

    private static final String DENIAL_AT_THE_GATEWAY = """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: deny-all, namespace: istio-system}
            spec: {selector: {matchLabels: {istio: egressgateway}}, action: DENY, rules: [{}]}
            """;

    private static final int CALLERS = 4;

    private static Mesh mesh;

    private Set<String> before;

    @BeforeAll
    static void connect() throws IOException {
        mesh = new Mesh();
        mesh.uninstall();
        mesh.apply(Files.readString(Path.of("k8s", "egress-gateway-port.yaml")));
        mesh.apply(REVIEWS_V3);
    }

    @AfterAll
    static void disconnect() throws IOException {
        mesh.close();
    }

    @BeforeEach
    void prepare() throws SQLException {
        Mesh.prepareDatabase(PASSWORD);
        before = mesh.objects();
    }

    @AfterEach
    void uninstall_leavesNothing() {
        mesh.uninstall();
        assertEquals(before, mesh.objects());
    }

    private void install(String... values) {
        String[] all = new String[values.length + 1];
        all[0] = Mesh.database(PASSWORD);
        System.arraycopy(values, 0, all, 1, values.length);
        mesh.helm(all);
        Set<String> installed = mesh.objects();
        installed.removeAll(before);
        installed.removeIf(name -> name.startsWith("Secret/sh.helm.release"));
        assertEquals(Set.copyOf(Manifests.chart(all).names()), installed, "nothing is left of the last variant");
    }

    private static void awaitStars(Duration time) {
        Await.until("stars", time, () -> Mesh.hasStars(mesh.page()));
        Await.until("stars on every page", mesh::hasStars);
    }

    @Test
    void egress_blockedThenOpenedThenClosed_isSeenOnThePageAndInTheHealth() {
        install(ROUTES);
        Await.until("reviews without stars", () -> mesh.page().contains("currently unavailable"));
        assertTrue(mesh.page().contains("Reviewer1"), "the page is whole");
        Await.until("the health names the cause",
                () -> mesh.ask("/q/health/well").contains("closed-before-greeting"));
        assertTrue(mesh.log().contains("closed-before-greeting"), mesh::log);
        List<String> pods = names();

        install(ROUTES, Mesh.egress("address"));
        awaitStars(Duration.ofSeconds(5));
        assertEquals(pods, names(), "no restart");
        Mesh.DATABASE.execute("UPDATE test.ratings SET Rating = 1");
        Await.until("one star each", Duration.ofSeconds(5), () -> mesh.page().split(Mesh.STAR, -1).length == 3);

        install(ROUTES);
        Await.until("blocked again", Duration.ofMinutes(2),
                () -> mesh.ask("/q/health/well").contains("closed-before-greeting"));
    }

    private static List<String> names() {
        return mesh.ours().stream().map(pod -> pod.getMetadata().getName()).sorted().toList();
    }

    @Test
    void variants_oneAfterTheOther_giveStars() {
        for (String values : List.of(Mesh.egress("address"), Mesh.egress("range"), "egress: {mode: name}",
                Mesh.egress("gateway"), "networkPolicy: {enabled: true}", "autoscaling: {enabled: true}",
                "routing: {mode: httpRoute}", "replicaCount: 2")) {
            install(ROUTES, Mesh.egress("address"), values);
            Mesh.DATABASE.restart(); // new connections take the new way
            awaitStars(Duration.ofSeconds(60));
        }
    }

    /** The gateway's policy acts after MySQL's greeting. */
    @Test
    void gateway_refusesTheAccount_isNamedThenServed() {
        install(ROUTES, Mesh.egress("gateway"));
        awaitStars(Duration.ofSeconds(60));
        try {
            mesh.apply(DENIAL_AT_THE_GATEWAY);
            Await.until("the health names the cause", Duration.ofMinutes(1), () -> {
                Mesh.DATABASE.restart(); // the Pods at hand connect again
                return mesh.ask("/q/health/well").contains("closed-during-login");
            });
        } finally {
            mesh.remove(DENIAL_AT_THE_GATEWAY);
        }
        awaitStars(Duration.ofSeconds(60));
    }

    @Test
    void authorization_enabled_admitsReviewsOnly() {
        String outsider = mesh.podWithoutSidecar();
        install(ROUTES, Mesh.egress("address"));
        awaitStars(Duration.ofSeconds(60));
        assertEquals("200\n", askFrom(outsider));

        install(ROUTES, Mesh.egress("address"), "authorization: {enabled: true}");
        Await.until("a Pod without a sidecar is refused",
                () -> askFrom(outsider).contains("Connection reset by peer"));
        mesh.delete(outsider);
        String details = mesh.pod("app", "details");
        Await.until("details is refused", () -> mesh.exec(details, "details", "ruby", "-rnet/http", "-e",
                "puts Net::HTTP.get_response(URI('http://ratings:9080/ratings/0')).code").contains("403"));
        assertTrue(mesh.hasStars());
        assertTrue(mesh.exec(mesh.pod("version", "v2-mysql"), "istio-proxy", "curl", "-s",
                "http://127.0.0.1:15020/stats/prometheus").contains("ratings_database_up 1"), "metrics are merged");
    }

    private static String askFrom(String pod) {
        return mesh.exec(pod, "python", "python3", "-c", "import urllib.request; print(urllib.request.urlopen('http://"
                + mesh.ours().get(0).getStatus().getPodIP() + ":9080/ratings/0', timeout=10).status)");
    }

    @Test
    void rollingRestarts_underLoad_loseNoRating() throws InterruptedException {
        install(ROUTES, Mesh.egress("address"));
        awaitStars(Duration.ofSeconds(60));
        assertNoneLost(() -> {
            for (int i = 0; i < 3; i++) {
                mesh.restart();
            }
        });
    }

    @Test
    void password_rotatedUnderLoad_losesNoRating() throws InterruptedException {
        install(ROUTES, Mesh.egress("address"));
        awaitStars(Duration.ofSeconds(60));
        assertNoneLost(() -> {
            Mesh.DATABASE.execute("ALTER USER 'bookinfo'@'%' IDENTIFIED BY 'second-password' RETAIN CURRENT PASSWORD");
            assertFalse(Mesh.DATABASE.sessions().isEmpty());
            Mesh.DATABASE.restart(); // the Pods at hand log in again
            mesh.helm(Mesh.database("second-password"), ROUTES, Mesh.egress("address"));
            Mesh.DATABASE.execute("ALTER USER 'bookinfo'@'%' DISCARD OLD PASSWORD");
        });
        assertTrue(mesh.hasStars());
    }

    private static void assertNoneLost(Runnable change) throws InterruptedException {
        AtomicBoolean ended = new AtomicBoolean();
        AtomicInteger pages = new AtomicInteger();
        Queue<String> lost = new ConcurrentLinkedQueue<>();
        List<Thread> callers = Stream.generate(() -> new Thread(() -> {
            while (!ended.get()) {
                String page = mesh.page();
                if (!Mesh.hasStars(page)) {
                    lost.add(page.replaceAll("(?s)<style.*?</style>|<[^>]*>|\\s+", " ").replaceAll(" +", " "));
                }
                pages.incrementAndGet();
            }
        })).limit(CALLERS).toList();
        callers.forEach(Thread::start);
        try {
            Await.until("some pages", () -> pages.get() > 5);
            change.run();
        } finally {
            ended.set(true);
            for (Thread caller : callers) {
                caller.join();
            }
        }
        assertEquals(List.of(), List.copyOf(lost), () -> "without stars, of " + pages);
    }

    @Test
    void server_offlineThenBack_isNamedThenServed() {
        install(ROUTES, Mesh.egress("address"));
        awaitStars(Duration.ofSeconds(60));

        Mesh.DATABASE.execute("SET GLOBAL offline_mode = ON");
        Await.until("the health names the cause", () -> mesh.ask("/q/health/well").contains("shutting-down"));
        Mesh.DATABASE.execute("SET GLOBAL offline_mode = OFF");

        awaitStars(Duration.ofSeconds(5));
    }

    @ParameterizedTest
    @CsvSource({"REFUSED, closed-before-greeting", "DROPPED, no-answer", "SILENT, no-answer"})
    void server_behindAFault_isNamedThenServed(Fault fault, String cause) throws IOException {
        try (FaultyProxy proxy = Mesh.proxy()) {
            install(ROUTES, Mesh.behind(proxy));
            awaitStars(Duration.ofSeconds(60));

            proxy.set(fault);
            Await.until("the health names the cause", () -> mesh.ask("/q/health/well").contains(cause));
            assertTrue(mesh.page().contains("Reviewer1"), "the page is whole");
            assertTrue(mesh.page().contains("currently unavailable"), "the page says that ratings are missing");

            proxy.set(Fault.NONE);
            awaitStars(Duration.ofSeconds(5));
        }
    }

    @Test
    void service_inARestrictedNamespace_answers() {
        Mesh restricted = mesh.restrictedNamespace();
        try {
            restricted.helm(Mesh.database(PASSWORD), "service: {enabled: true}");
            assertEquals("{\"id\":0,\"ratings\":{\"Reviewer1\":2,\"Reviewer2\":1}}", restricted.ask("/ratings/0"));
        } finally {
            restricted.deleteNamespace();
        }
    }

    @Test
    void readme_deploy_givesStars(@TempDir Path folder) throws Exception {
        ReadmeCommands commands = commands(folder);
        commands.write("my-values.yaml", commands.blocks("k8s/README.md", "## Deploy", "yaml").get(0));
        List<String> blocks = commands.blocks("k8s/README.md", "## Deploy", "sh");
        for (String block : blocks) {
            commands.run(block);
        }
        awaitStars(Duration.ofSeconds(60));
        commands.run("helm rollback ratings --wait");
        Await.until("the routes are gone", () -> mesh.objects().stream().noneMatch(name -> name.startsWith("Virt")));
        for (String block : commands.blocks("k8s/README.md", "## Clean up", "sh")) {
            commands.run(block);
        }
        String inBrief = commands.blocks("README.md", "# Bookinfo ratings v2-mysql", "sh").stream()
                .filter(block -> block.startsWith("helm")).findFirst().orElseThrow();
        assertTrue(String.join("", blocks).contains(inBrief), inBrief);
    }

    @Test
    void readme_upgrade_adoptsWhatIsThere(@TempDir Path folder) throws Exception {
        ReadmeCommands commands = commands(folder);
        commands.write("my-values.yaml", Mesh.database(PASSWORD) + "\n" + Mesh.egress("address"));
        mesh.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: ratings-database-0123456789}");
        mesh.apply(Files.readString(Path.of("k8s", "routing.yaml")));
        commands.run(commands.blocks("k8s/README.md", "## Upgrade", "sh").get(0));
        awaitStars(Duration.ofSeconds(60));
    }

    @Test
    void readme_walkThrough_showsWhatItSays(@TempDir Path folder) throws Exception {
        ReadmeCommands commands = commands(folder);
        List<String> blocks = commands.blocks("k8s/README.md", "## The walk-through", "sh");
        try {
            runWalkThrough(commands, blocks);
        } finally {
            commands.run(blocks.get(blocks.size() - 1));
        }
    }

    private void runWalkThrough(ReadmeCommands commands, List<String> blocks) throws Exception {
        int step = 1; // the first block changes the mesh
        commands.run(blocks.get(step++));
        assertTrue(commands.run(blocks.get(step++)).contains("closed-before-greeting"));
        Await.until("reviews without stars", () -> mesh.page().contains("currently unavailable"));

        commands.run(blocks.get(step++));
        awaitStars(Duration.ofSeconds(5));

        commands.run(blocks.get(step++));
        Await.until("blocked again", Duration.ofMinutes(2), () -> !mesh.hasStars());
        assertEquals(blocks.size() - 1, step, "all but the last");
    }

    private static ReadmeCommands commands(Path folder) throws IOException {
        ReadmeCommands commands = new ReadmeCommands(folder, Map.of("password: ...", "password: " + PASSWORD,
                "helm template", "helm template --kube-version 1.34", // for a Helm that knows no default
                "mysql.example.com", Mesh.variable("RATINGS_MESH_MYSQL_HOST"),
                "203.0.113.7", Mesh.variable("RATINGS_MESH_MYSQL_ADDRESS")));
        commands.write("edited.env", String.join("\n", "MYSQL_DB_HOST=" + Mesh.variable("RATINGS_MESH_MYSQL_HOST"),
                "MYSQL_DB_PORT=" + Mesh.variable("RATINGS_MESH_MYSQL_PORT"), "MYSQL_DB_USER=bookinfo",
                "MYSQL_DB_PASSWORD=" + PASSWORD, ""));
        return commands;
    }
}
