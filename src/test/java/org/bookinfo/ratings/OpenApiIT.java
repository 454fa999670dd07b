package org.bookinfo.ratings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.ServiceTest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.bookinfo.ratings.testing.Http.NOT_CONNECTED;
import static org.bookinfo.ratings.testing.Http.NOT_SELECTED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The description of the API against the running service: each response that is described is given as described, and
 * each that the contract has is described.
 */
@QuarkusIntegrationTest
class OpenApiIT extends ServiceTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RATINGS = "/ratings/{productId}";
    private static final Set<String> METHODS = Set.of("get", "head", "post", "put", "delete", "patch", "options",
            "trace");

    private JsonNode openApi;

    @BeforeEach
    void read() throws IOException {
        openApi = JSON.readTree(http.get("/q/openapi?format=json").body());
    }

    @Test
    void description_responses_areThoseOfTheContract() {
        assertEquals(List.copyOf(requests().keySet()), List.copyOf(described().keySet()));
    }

    @Test
    void responses_each_areAsDescribed() throws IOException {
        Map<String, JsonNode> described = described();
        for (Map.Entry<String, List<Supplier<Http.Answer>>> entry : requests().entrySet()) {
            String name = entry.getKey();
            List<JsonNode> bodies = new ArrayList<>();
            for (Supplier<Http.Answer> request : entry.getValue()) {
                Http.Answer answer = request.get();
                assertTrue(name.endsWith(" " + answer.status()), name + ": " + answer.summary());
                JsonNode content = described.get(name).path("content");
                if (content.isMissingNode()) {
                    assertEquals("", answer.body(), name);
                } else {
                    JsonNode body = JSON.readTree(answer.body());
                    assertEquals(describedShape(content.get(answer.contentType()).get("schema")), shape(body), name);
                    bodies.add(body);
                }
            }
            assertEquals(examples(described.get(name)), bodies, name);
        }
    }

    /** For each response of the contract the requests that cause it; with several examples, in their order. */
    private Map<String, List<Supplier<Http.Answer>>> requests() {
        Map<String, List<Supplier<Http.Answer>>> requests = new TreeMap<>();
        String cookie = "Cookie: " + "x".repeat(20_000);
        for (String operation : List.of("GET " + RATINGS, "HEAD " + RATINGS, "POST " + RATINGS, "GET /health",
                "HEAD /health")) {
            String method = operation.split(" ")[0];
            String path = operation.split(" ")[1].replace("{productId}", "0");
            String body = method.equals("POST") ? "{}" : null;
            requests.put(operation + (method.equals("POST") ? " 501" : " 200"),
                    List.of(() -> http.send(method, path, body)));
            requests.put(operation + " 413", List.of(() -> http.send(method, path, "1".repeat(70_000))));
            requests.put(operation + " 414", List.of(() -> http.send(method, path + "?" + "1".repeat(5_000), body)));
            requests.put(operation + " 431", List.of(() -> http.send(method, path, body, cookie)));
        }
        for (String method : List.of("GET", "HEAD")) {
            String ratings = method + " " + RATINGS;
            requests.put(ratings + " 400", List.of(() -> http.send(method, "/ratings/abc", null)));
            requests.put(ratings + " 500", List.of(() -> withoutTable(() -> http.send(method, "/ratings/0", null))));
            requests.put(ratings + " 503", List.of(() -> withoutDatabase(() -> http.send(method, "/ratings/0", null))));
        }
        requests.put("POST " + RATINGS + " 400",
                List.of(() -> http.send("POST", "/ratings/abc", "{}"), () -> http.send("POST", "/ratings/0", "{")));
        requests.put("NotFound 404", List.of(() -> http.send("GET", "/", null)));
        requests.put("MethodNotAllowed 405", List.of(() -> http.send("PUT", "/ratings/0", "{}")));
        requests.put("ExpectationFailed 417", List.of(() -> http.send("GET", "/health", null, "Expect: luck")));
        requests.put("BadRequest 400", List.of(() -> http.send("GET", "/health", null, "no colon")));
        return requests;
    }

    private Http.Answer withoutDatabase(Supplier<Http.Answer> request) {
        proxy.set(Fault.CLOSED);
        http.await(NOT_CONNECTED);
        Http.Answer answer = request.get();
        proxy.set(Fault.NONE);
        http.await(GOOD);
        return answer;
    }

    private Http.Answer withoutTable(Supplier<Http.Answer> request) {
        database.execute("DROP TABLE ratings");
        http.await(NOT_SELECTED);
        Http.Answer answer = request.get();
        database.reset();
        http.await(GOOD);
        return answer;
    }

    /** By method, path and status; those that belong to no operation by their name and status. */
    private Map<String, JsonNode> described() {
        Map<String, JsonNode> described = new TreeMap<>();
        openApi.get("paths").properties().forEach(path -> path.getValue().properties().forEach(operation -> {
            if (METHODS.contains(operation.getKey())) {
                operation.getValue().get("responses").properties().forEach(response -> described.put(
                        operation.getKey().toUpperCase() + " " + path.getKey() + " " + response.getKey(),
                        resolve(response.getValue())));
            }
        }));
        Map<String, Integer> general = Map.of("NotFound", 404, "MethodNotAllowed", 405, "BadRequest", 400,
                "ExpectationFailed", 417);
        openApi.at("/components/responses").properties().stream()
                .filter(response -> !described.containsValue(response.getValue()))
                .forEach(response -> described.put(response.getKey() + " " + general.get(response.getKey()),
                        response.getValue()));
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

    /** The fields and types that a schema requires, and no others: as much of JSON Schema as the description uses. */
    private Object describedShape(JsonNode unresolved) {
        JsonNode schema = resolve(unresolved);
        if (!schema.get("type").asText().equals("object")) {
            return (schema.get("type").asText() + " " + schema.path("format").asText()).strip();
        }
        assertFalse(schema.get("additionalProperties").asBoolean(true), schema.toString());
        JsonNode properties = schema.get("properties");
        assertEquals(properties.size(), schema.get("required").size(), schema.toString());
        return properties.properties().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, property -> describedShape(property.getValue())));
    }

    private static Object shape(JsonNode value) {
        if (value.isObject()) {
            return value.properties().stream()
                    .collect(Collectors.toMap(Map.Entry::getKey, property -> shape(property.getValue())));
        }
        return value.isInt() ? "integer int32" : value.getNodeType().name().toLowerCase();
    }

    @Test
    void description_productId_isAWholeNumberOf32Bits() {
        JsonNode parameter = openApi.get("paths").get(RATINGS).get("parameters").get(0);
        assertEquals("productId", parameter.get("name").asText());
        assertEquals("integer int32", describedShape(parameter.get("schema")));
    }

    @Test
    void description_version_isThePoms() throws IOException {
        assertTrue(Files.readString(Path.of("pom.xml")).replaceAll("\\s", "").contains(
                "<artifactId>ratings</artifactId><version>" + openApi.at("/info/version").asText() + "</version>"));
    }

    @Test
    void description_withoutDatabase_isThereAndNamesNoHost() {
        String yaml = withoutDatabase(() -> http.get("/q/openapi")).body();
        assertTrue(yaml.contains("openapi:"), yaml);
        assertFalse(yaml.matches("(?s).*(servers:|://|localhost|\\d+\\.\\d+\\.\\d+\\.\\d+).*"), yaml);
    }
}
