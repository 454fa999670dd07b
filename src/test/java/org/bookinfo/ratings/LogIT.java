package org.bookinfo.ratings;

import java.io.IOException;
import java.util.List;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.Ports;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The log of the packaged application, line by line. Its database is not there, which the log says.
 */
class LogIT {

    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private static final String ID = "0c4b9c2e-8a7e-4a0f-9d7b-2f5f6f1f3c55";

    private static final String LINE = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\d{3} "
            + "(INFO |WARN |ERROR) \\[[\\w.]+] \\([\\w .-]+\\) \\S.*";

    @ParameterizedTest
    @CsvSource(nullValues = "none", value = {"none", "false", "true"})
    void lines_eachFormat_areWellFormedAndShowNoRequest(String json) throws IOException {
        try (PackagedApplication application = new PackagedApplication(
                TestDatabase.environment("127.0.0.1", Ports.free(), "RATINGS_LOG_JSON", json)).awaitStart()) {
            Http http = application.http();
            Await.until("the outage is logged", () -> application.out().contains("Database 127.0.0.1:"));
            http.get("/ratings/0", "x-request-id: " + ID);
            http.get("/ratings/abc");
            http.get("/index.html?token=s3cret", "Authorization: Bearer s3cret", "Cookie: session=s3cret");
            http.get("/ratings/%0a%1b[31m\u001b\u0085\"}" + "y".repeat(3_000));

            assertEquals("", application.err());
            List<String> lines = application.out().lines().toList();
            for (String line : lines) {
                assertFalse(line.contains("/ratings/") || line.contains(ID) || line.contains("s3cret"), line);
                assertTrue("true".equals(json) ? JSON.readTree(line).isObject() : line.matches(LINE), line);
            }
            String outage = lines.stream().filter(line -> line.contains("connection-refused")).findFirst()
                    .orElseThrow();
            if ("true".equals(json)) {
                assertEquals("WARN", JSON.readTree(outage).path("level").asText());
                assertTrue(JSON.readTree(outage).path("message").asText().contains("connection-refused"), outage);
                assertTrue(JSON.readTree(outage).path("mdc").isEmpty(), outage);
            }
        }
    }
}
