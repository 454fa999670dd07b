package org.bookinfo.ratings;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.bookinfo.ratings.dev.EmbeddedDatabaseConfig;
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

    private static final String LAST = "/ratings/last";

    private static final String LINE = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d,\\d{3} (INFO |WARN |ERROR) \\[[\\w.]+] \\([\\w .-]+\\) \\S.*";

    private static PackagedApplication start(String... variables) {
        Map<String, String> environment = new HashMap<>(Map.of("MYSQL_DB_HOST", "127.0.0.1", "MYSQL_DB_PORT",
                String.valueOf(EmbeddedDatabaseConfig.freePort()), "MYSQL_DB_USER", "nobody", "MYSQL_DB_PASSWORD",
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
        application.http().get("/index.html");
    }

    private static List<String> lines(PackagedApplication application) {
        assertEquals("", application.err());
        return application.out().lines().toList();
    }

    @ParameterizedTest
    @CsvSource({"RATINGS_LOG_JSON, false", "RATINGS_ACCESS_LOG, false"})
    void default_linesAreForPeopleAndTellOfNoRequest(String variable, String value) {
        try (PackagedApplication application = start(variable, value)) {
            ask(application);

            for (String line : lines(application)) {
                assertTrue(line.matches(LINE), line);
                assertFalse(line.contains("/ratings/") || line.contains(ID), line);
            }
            assertTrue(application.out().contains("WARN  [org.bookinfo.ratings.DatabaseState]")
                    || application.out().contains("WARN  [org.boo.rat.DatabaseState]"), application.out());
        }
    }

    @Test
    void json_everyLineIsOneObject() throws IOException {
        try (PackagedApplication application = start("RATINGS_LOG_JSON", "true", "RATINGS_ACCESS_LOG", "true")) {
            ask(application);

            List<JsonNode> lines = awaitJson(application, 3);
            assertTrue(lines.stream().anyMatch(line -> line.path("level").asText().equals("WARN")
                    && line.path("message").asText().contains("connection-refused")
                    && line.path("mdc").isEmpty()), lines.toString());
            List<JsonNode> accesses = accesses(lines);
            assertTrue(accesses.get(0).path("message").asText().matches("GET /ratings/0 503 \\d+\\.\\d ms"),
                    accesses.toString());
            assertEquals(ID, accesses.get(0).path("mdc").path("requestId").asText());
            assertTrue(accesses.get(1).path("mdc").isEmpty(), accesses.toString());
        }
    }

    private static List<JsonNode> awaitJson(PackagedApplication application, int accesses) throws IOException {
        Await.until(accesses + " lines of the access log",
                () -> application.out().split("\"loggerName\":\"[a-z.]*AccessLog\"", -1).length == accesses + 1);
        return parsed(application);
    }

    private static List<JsonNode> parsed(PackagedApplication application) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : lines(application)) {
            lines.add(JSON.readTree(line));
            assertTrue(lines.get(lines.size() - 1).isObject(), line);
        }
        return lines;
    }

    private static List<JsonNode> accesses(List<JsonNode> lines) {
        return lines.stream().filter(line -> line.path("loggerName").asText().endsWith("AccessLog")).toList();
    }

    @Test
    void accessLog_on_hasALineForEachAnswerWithItsId() {
        try (PackagedApplication application = start("RATINGS_ACCESS_LOG", "true")) {
            ask(application);

            List<String> accesses = awaitAccesses(application, 3);
            assertTrue(accesses.get(0).matches(LINE) && accesses.get(0).endsWith(" ms " + ID), accesses.get(0));
            assertTrue(accesses.get(1).contains(" GET /ratings/abc 400 "), accesses.get(1));
            assertTrue(accesses.get(2).contains(" GET /index.html 404 "), accesses.get(2));
        }
    }

    private static List<String> awaitAccesses(PackagedApplication application, int count) {
        Await.until(count + " lines of the access log", () -> application.out().endsWith("\n")
                && lines(application).stream().filter(line -> line.contains("AccessLog]")).count() == count);
        return lines(application).stream().filter(line -> line.contains("AccessLog]")).toList();
    }

    /** Some of these the server refuses before they are routed. */
    private static void askForgeries(PackagedApplication application) {
        Http http = application.http();
        http.get("/ratings/0", "x-request-id: a\n2026-01-01 00:00:00,000 ERROR [x] (y) forged");
        http.get("/ratings/0", "x-request-id: a\r\n folded");
        http.get("/ratings/0", "x-request-id: \u001b[31m\"}{ü\u2028\u0085");
        http.get("/ratings/0", "x-request-id: " + "x".repeat(10_000));
        http.get("/ratings/%0a%1b[31m\u001b\u0085\"}" + "y".repeat(3_000));
        http.get(LAST + "?token=s3cret", "Authorization: Bearer s3cret", "Cookie: session=s3cret");
    }

    @Test
    void accessLog_forgedIdsAndPaths_leaveOneHarmlessLineEach() {
        try (PackagedApplication application = start("RATINGS_ACCESS_LOG", "true")) {
            askForgeries(application);

            Await.until("the last line", () -> application.out().contains(LAST + " 400"));
            for (String line : lines(application)) {
                assertTrue(line.matches(LINE), line);
                assertTrue(line.matches("[ -~]{1,500}"), line);
                assertFalse(line.contains("forged") || line.contains("s3cret"), line);
            }
        }
    }

    @Test
    void json_forgedIdsAndPaths_leaveOneHarmlessLineEach() throws IOException {
        try (PackagedApplication application = start("RATINGS_LOG_JSON", "true", "RATINGS_ACCESS_LOG", "true")) {
            askForgeries(application);

            Await.until("the last line", () -> application.out().contains(LAST + " 400"));
            List<JsonNode> accesses = accesses(parsed(application));
            assertTrue(accesses.size() >= 3 && accesses.size() <= 6, accesses.toString());
            for (JsonNode access : accesses) {
                assertTrue(access.path("mdc").path("requestId").asText().matches("[\\w?.:-]{0,64}"), access.toString());
                assertTrue(access.path("message").asText().matches("[ -~]{1,250}"), access.toString());
                assertFalse(access.toString().contains("s3cret"), access.toString());
            }
        }
    }
}
