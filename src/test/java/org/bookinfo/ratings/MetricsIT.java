package org.bookinfo.ratings;

import java.util.Map;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.Metrics;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.Ports;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

@QuarkusIntegrationTest
@WithTestResource(DatabaseResource.class)
class MetricsIT extends MetricsTest {

    /** A series that begins at 1 hides its first event from rate(). */
    @Test
    void series_beforeAnyRequest_areThere() {
        try (PackagedApplication application = new PackagedApplication(Map.of("MYSQL_DB_HOST", "127.0.0.1",
                "MYSQL_DB_PORT", String.valueOf(Ports.free()), "MYSQL_DB_USER", "nobody",
                "MYSQL_DB_PASSWORD", "none", "RATINGS_DEADLINE", "3s")).awaitStart()) {
            Metrics metrics = Metrics.of(application.http());

            assertDatabaseSeries(metrics);
            assertEquals(0, metrics.value("ratings_database_up"));
            for (int status : new int[]{200, 400, 500, 503}) {
                assertTrue(metrics.series("http_server_requests_seconds_count").stream()
                        .anyMatch(series -> series.contains("status=\"" + status + "\",uri=\"/ratings/{productId}\"")),
                        "status " + status);
            }
            assertEquals(0, metrics.sum("http_server_requests_seconds_count"));
            assertEquals(3, metrics.value("ratings_database_deadline_seconds"));
            assertTrue(metrics.values().containsKey("http_server_requests_seconds_bucket{method=\"GET\","
                    + "outcome=\"SUCCESS\",status=\"200\",uri=\"/ratings/{productId}\",le=\"3.0\",}"));
            assertTrue(metrics.names().contains("jvm_memory_used_bytes")
                    && metrics.names().contains("process_uptime_seconds"), metrics.names().toString());
        }
    }
}
