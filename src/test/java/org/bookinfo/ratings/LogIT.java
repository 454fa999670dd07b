package org.bookinfo.ratings;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.Ports;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What the packaged application writes to its log, line by line. Its database is gone from the start: the log says so.
 */
class LogIT {

    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private static final String ID = "0c4b9c2e-8a7e-4a0f-9d7b-2f5f6f1f3c55";

    private static final String LINE = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\d{3} "
            + "(INFO |WARN |ERROR) \\[[\\w.]+] \\([\\w .-]+\\) \\S.*";

    private static PackagedApplication start(String... variables) {
        Map<String, String> environment = new HashMap<>(Map.of("MYSQL_DB_HOST", "127.0.0.1", "MYSQL_DB_PORT",
                String.valueOf(Ports.free()), "MYSQL_DB_USER", "nobody", "MYSQL_DB_PASSWORD",
                "none"));
        for (int i = 0; i < variables.length; i += 2) {
            environment.put(variables[i], variables[i + 1]);
        }
        return new PackagedApplication(environment).awaitStart();
    }

    private static void ask(PackagedApplication application) {
        Await.until("the log tells of the database", () -> application.out().contains("Database 127.0.0.1:"));
        application.http().get("/ratings/0", "x-request-id: " + ID);
        application.http().get("/ratings/abc");
        application.http().get("/index.html?token=s3cret", "Authorization: Bearer s3cret", "Cookie: session=s3cret");
        application.http().get("/ratings/%0a%1b[31m\u001b\u0085\"}" + "y".repeat(3_000));
    }

    private static List<String> lines(PackagedApplication application) {
        assertEquals("", application.err());
        return application.out().lines().toList();
    }

    @ParameterizedTest
    @CsvSource(nullValues = "none", value = {"none", "false"})
    void text_linesAreForPeopleAndTellOfNoRequest(String json) {
        try (PackagedApplication application = json == null ? start() : start("RATINGS_LOG_JSON", json)) {
            ask(application);

            for (String line : lines(application)) {
                assertTrue(line.matches(LINE), line);
                assertFalse(line.contains("/ratings/") || line.contains(ID) || line.contains("s3cret"), line);
            }
            assertTrue(application.out().contains("connection-refused"), application.out());
        }
    }

    @Test
    void json_everyLineIsOneObjectAndTellsOfNoRequest() throws IOException {
        try (PackagedApplication application = start("RATINGS_LOG_JSON", "true")) {
            ask(application);

            List<JsonNode> lines = new ArrayList<>();
            for (String line : lines(application)) {
                lines.add(JSON.readTree(line));
                assertTrue(lines.get(lines.size() - 1).isObject(), line);
                assertFalse(line.contains("/ratings/") || line.contains(ID) || line.contains("s3cret"), line);
            }
            assertTrue(lines.stream().anyMatch(line -> line.path("level").asText().equals("WARN")
                    && line.path("message").asText().contains("connection-refused")
                    && line.path("mdc").isEmpty()), lines.toString());
        }
    }
}
