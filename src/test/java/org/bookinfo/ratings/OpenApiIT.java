package org.bookinfo.ratings;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The description of the API against the running service: each answer that is described is given as described, and each
 * that the contract has is described.
 */
@QuarkusIntegrationTest
@WithTestResource(DatabaseResource.class)
class OpenApiIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RATINGS = "/ratings/{productId}";
    private static final Set<String> METHODS = Set.of("get", "head", "post", "put", "delete", "patch", "options",
            "trace");

    @TestHTTPResource("/")
    URI service;

    private Http http;
    private JsonNode openApi;

    @BeforeEach
    void read() throws IOException {
        http = new Http(service);
        awaitStatus(200);
        openApi = JSON.readTree(http.get("/q/openapi?format=json").body());
    }

    @AfterEach
    void restore() {
        DatabaseResource.proxy().set(Fault.NONE);
        DatabaseResource.database().reset();
        awaitStatus(200);
    }

    private void awaitStatus(int status) {
        Await.until("the service answers " + status, () -> http.get("/ratings/0").status() == status);
    }

    @Test
    void description_hasExactlyTheAnswersOfTheContract() {
        assertEquals(List.copyOf(requests().keySet()), List.copyOf(described().keySet()));
    }

    @Test
    void everyAnswer_isAsDescribed() throws IOException {
        Map<String, JsonNode> described = described();
        for (Map.Entry<String, List<Supplier<Http.Answer>>> entry : requests().entrySet()) {
            String name = entry.getKey();
            List<JsonNode> answers = new ArrayList<>();
            for (Supplier<Http.Answer> request : entry.getValue()) {
                Http.Answer answer = request.get();
                assertTrue(name.endsWith(" " + answer.status()), name + ": " + answer.summary());
                JsonNode content = resolve(described.get(name)).path("content");
                if (content.isMissingNode()) {
                    assertEquals("", answer.body(), name);
                } else {
                    String type = answer.contentType().split(";")[0];
                    assertTrue(content.has(type), name + ": " + type);
                    JsonNode body = JSON.readTree(answer.body());
                    assertSchema(name, content.get(type).get("schema"), body);
                    answers.add(body);
                }
            }
            assertEquals(examples(resolve(described.get(name))), answers, name);
        }
    }

    /** For each answer of the contract what provokes it; with several examples, in their order. */
    private Map<String, List<Supplier<Http.Answer>>> requests() {
        Map<String, List<Supplier<Http.Answer>>> requests = new TreeMap<>();
        String longPath = "1".repeat(5_000);
        String cookie = "Cookie: " + "x".repeat(20_000);
        for (String method : List.of("GET", "HEAD")) {
            String ratings = method + " " + RATINGS + " ";
            requests.put(ratings + 200, List.of(() -> send(method, "/ratings/0", "")));
            requests.put(ratings + 400, List.of(() -> send(method, "/ratings/abc", "")));
            requests.put(ratings + 413, List.of(() -> send(method, "/ratings/0", "1".repeat(70_000))));
            requests.put(ratings + 414, List.of(() -> send(method, "/ratings/" + longPath, "")));
            requests.put(ratings + 431, List.of(() -> send(method, "/ratings/0", "", cookie)));
            requests.put(ratings + 500, List.of(() -> withoutTable(() -> send(method, "/ratings/0", ""))));
            requests.put(ratings + 503, List.of(() -> withoutDatabase(() -> send(method, "/ratings/0", ""))));
            String health = method + " /health ";
            requests.put(health + 200, List.of(() -> send(method, "/health", "")));
            requests.put(health + 413, List.of(() -> send(method, "/health", "1".repeat(70_000))));
            requests.put(health + 414, List.of(() -> send(method, "/health?" + longPath, "")));
            requests.put(health + 431, List.of(() -> send(method, "/health", "", cookie)));
        }
        requests.put("POST " + RATINGS + " 400",
                List.of(() -> send("POST", "/ratings/abc", "{}"), () -> send("POST", "/ratings/0", "{")));
        requests.put("POST " + RATINGS + " 413", List.of(() -> send("POST", "/ratings/0", "1".repeat(70_000))));
        requests.put("POST " + RATINGS + " 414", List.of(() -> send("POST", "/ratings/" + longPath, "{}")));
        requests.put("POST " + RATINGS + " 431", List.of(() -> send("POST", "/ratings/0", "{}", cookie)));
        requests.put("POST " + RATINGS + " 501", List.of(() -> send("POST", "/ratings/0", "{}")));
        requests.put("NotFound 404", List.of(() -> send("GET", "/", "")));
        requests.put("MethodNotAllowed 405", List.of(() -> send("PUT", "/ratings/0", "{}")));
        requests.put("ExpectationFailed 417", List.of(() -> send("GET", "/health", "", "Expect: luck")));
        requests.put("BadRequest 400",
                List.of(() -> http.exchange("nonsense\r\n\r\n".getBytes(StandardCharsets.UTF_8), new byte[0])));
        return requests;
    }

    private Http.Answer send(String method, String path, String body, String... headers) {
        return http.send(method, path, body.isEmpty() ? null : body.getBytes(StandardCharsets.UTF_8), headers);
    }

    private Http.Answer withoutDatabase(Supplier<Http.Answer> request) {
        DatabaseResource.proxy().set(Fault.CLOSED);
        awaitStatus(503);
        Http.Answer answer = request.get();
        DatabaseResource.proxy().set(Fault.NONE);
        awaitStatus(200);
        return answer;
    }

    private Http.Answer withoutTable(Supplier<Http.Answer> request) {
        DatabaseResource.database().execute("DROP TABLE ratings");
        awaitStatus(500);
        Http.Answer answer = request.get();
        DatabaseResource.database().reset();
        awaitStatus(200);
        return answer;
    }

    /** By method, path and status; those that are no operation's by their name and status. */
    private Map<String, JsonNode> described() {
        Map<String, JsonNode> described = new TreeMap<>();
        openApi.get("paths").properties().forEach(path -> path.getValue().properties().forEach(operation -> {
            if (METHODS.contains(operation.getKey())) {
                operation.getValue().get("responses").properties().forEach(response -> described.put(
                        operation.getKey().toUpperCase() + " " + path.getKey() + " " + response.getKey(),
                        response.getValue()));
            }
        }));
        Map<String, Integer> general = Map.of("NotFound", 404, "MethodNotAllowed", 405, "BadRequest", 400,
                "ExpectationFailed", 417);
        openApi.at("/components/responses").properties().forEach(response -> {
            boolean used = described.values().stream().anyMatch(
                    other -> other.path("$ref").asText().equals("#/components/responses/" + response.getKey()));
            if (!used) {
                described.put(response.getKey() + " " + general.get(response.getKey()), response.getValue());
            }
        });
        return described;
    }

    private JsonNode resolve(JsonNode node) {
        return node.has("$ref") ? openApi.at(node.get("$ref").asText().substring(1)) : node;
    }

    private static List<JsonNode> examples(JsonNode response) {
        List<JsonNode> examples = new ArrayList<>();
        JsonNode content = response.path("content").path("application/json");
        if (content.has("example")) {
            examples.add(content.get("example"));
        }
        content.path("examples").forEach(example -> examples.add(example.get("value")));
        return examples;
    }

    /** As much of JSON Schema as the description uses. */
    private void assertSchema(String where, JsonNode unresolved, JsonNode value) {
        JsonNode schema = resolve(unresolved);
        switch (schema.get("type").asText()) {
            case "integer" -> {
                assertEquals("int32", schema.get("format").asText(), where);
                assertTrue(value.isInt(), where + ": " + value);
            }
            case "string" -> assertTrue(value.isTextual(), where + ": " + value);
            case "object" -> {
                assertTrue(value.isObject(), where + ": " + value);
                assertFalse(schema.get("additionalProperties").asBoolean(true), where);
                schema.get("required").forEach(name -> assertTrue(value.has(name.asText()), where + ": " + name));
                for (Iterator<String> names = value.fieldNames(); names.hasNext();) {
                    String name = names.next();
                    assertTrue(schema.get("properties").has(name), where + ": " + name);
                    assertSchema(where + "." + name, schema.get("properties").get(name), value.get(name));
                }
            }
            default -> throw new AssertionError(where + ": " + schema);
        }
    }

    @Test
    void productId_isAWholeNumberOf32Bits() {
        JsonNode parameter = openApi.get("paths").get(RATINGS).get("parameters").get(0);
        assertEquals("productId", parameter.get("name").asText());
        assertEquals("integer int32", parameter.at("/schema/type").asText() + " "
                + parameter.at("/schema/format").asText());
    }

    @Test
    void version_isThePoms() throws IOException {
        Matcher version = Pattern.compile("<artifactId>ratings</artifactId>\\s*<version>(.+)</version>")
                .matcher(Files.readString(Path.of("pom.xml")));
        assertTrue(version.find());
        assertEquals(version.group(1), openApi.at("/info/version").asText());
    }

    @Test
    void description_namesNoHost() {
        String yaml = http.get("/q/openapi").body();
        assertTrue(yaml.contains("openapi:"), yaml);
        assertFalse(Pattern.compile("servers:|://|localhost|\\d+\\.\\d+\\.\\d+\\.\\d+").matcher(yaml).find(), yaml);
    }

    @Test
    void description_withoutDatabase_isThere() {
        assertEquals(200, withoutDatabase(() -> http.get("/q/openapi")).status());
    }

    @Test
    void pageForTryingOut_isInDevModeOnly() {
        assertEquals(404, http.get("/q/swagger-ui/").status());
    }
}
