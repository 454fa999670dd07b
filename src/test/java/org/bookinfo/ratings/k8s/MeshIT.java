package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

import org.bookinfo.ratings.testing.Await;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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
    void prepare() {
        Mesh.prepareDatabase(PASSWORD);
        before = mesh.objects();
    }

    @AfterEach
    void uninstall_leavesNothing() {
        mesh.uninstall();
        assertEquals(before, mesh.objects());
    }

    private static void install(String... values) {
        String[] all = new String[values.length + 1];
        all[0] = Mesh.database(PASSWORD);
        System.arraycopy(values, 0, all, 1, values.length);
        mesh.helm(all);
    }

    private static void awaitStars(Duration time) {
        Await.until("stars", time, mesh::hasStars);
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
        Mesh.sql("UPDATE test.ratings SET Rating = 1 WHERE ReviewID = 1");
        assertTrue(mesh.ask("/ratings/0").contains("\"Reviewer1\":1"));

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
            awaitStars(Duration.ofSeconds(60));
        }
    }

    @Test
    void authorization_enabled_admitsReviewsOnly() {
        install(ROUTES, Mesh.egress("address"), "authorization: {enabled: true}");
        awaitStars(Duration.ofSeconds(60));

        String details = mesh.pod("app", "details");
        Await.until("details is refused", () -> mesh.exec(details, "details", "ruby", "-rnet/http", "-e",
                "puts Net::HTTP.get_response(URI('http://ratings:9080/ratings/0')).code").contains("403"));
        assertTrue(mesh.hasStars());
        assertTrue(mesh.exec(mesh.pod("version", "v2-mysql"), "istio-proxy", "curl", "-s",
                "http://127.0.0.1:15020/stats/prometheus").contains("ratings_database_up 1"), "metrics are merged");
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
            Mesh.sql("ALTER USER 'bookinfo'@'%' IDENTIFIED BY 'second-password' RETAIN CURRENT PASSWORD");
            mesh.helm(Mesh.database("second-password"), ROUTES, Mesh.egress("address"));
            Mesh.sql("ALTER USER 'bookinfo'@'%' DISCARD OLD PASSWORD");
        });
        assertTrue(mesh.hasStars());
    }

    private static void assertNoneLost(Runnable change) throws InterruptedException {
        AtomicInteger pages = new AtomicInteger();
        AtomicInteger lost = new AtomicInteger();
        Thread caller = new Thread(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                lost.addAndGet(mesh.hasStars() ? 0 : 1);
                pages.incrementAndGet();
            }
        });
        caller.start();
        try {
            Await.until("some pages", () -> pages.get() > 5);
            change.run();
        } finally {
            caller.interrupt();
            caller.join();
        }
        // The interrupt may have cut one off.
        assertTrue(lost.get() <= 1, lost + " of " + pages + " pages had no stars");
        assertFalse(pages.get() < 10);
    }

    @Test
    void server_offlineThenBack_isNamedThenServed() {
        install(ROUTES, Mesh.egress("address"));
        awaitStars(Duration.ofSeconds(60));

        Mesh.sql("SET GLOBAL offline_mode = ON");
        Await.until("the health names the cause", () -> mesh.ask("/q/health/well").contains("shutting-down"));
        Mesh.sql("SET GLOBAL offline_mode = OFF");

        awaitStars(Duration.ofSeconds(5));
    }
}
