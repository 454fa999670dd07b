package org.bookinfo.ratings;

import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.bookinfo.ratings.testing.Metrics;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.Ports;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

@QuarkusIntegrationTest
class MetricsIT extends MetricsTest {

    /** A series that begins at 1 hides its first event from rate(). */
    @Test
    void series_beforeAnyRequest_areThere() {
        try (PackagedApplication application = new PackagedApplication(
                TestDatabase.environment("127.0.0.1", Ports.free(), "RATINGS_DEADLINE", "3s")).awaitStart()) {
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
