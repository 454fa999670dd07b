package org.bookinfo.ratings.testing;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;

/**
 * A client that sends exactly what a test says, which may be no valid request, each on a connection of its own.
 */
public record Http(URI service) {

    /** The answer to {@code GET /ratings/0} with the rows of sql/schema.sql. */
    public static final String GOOD = ratings(5, 4);
    public static final String NOT_CONNECTED = "503 {\"error\":\"could not connect to ratings database\"}";
    public static final String NOT_SELECTED = "500 {\"error\":\"could not perform select\"}";
    public static final String HEALTHY = "200 {\"status\":\"Ratings is healthy\"}";
    public static final String NO_POST = "501 {\"error\":\"Post not implemented for database backed ratings\"}";
    public static final String NOT_FOUND = "404 {\"error\":\"not found\"}";

    /**
     * @param headers by name, in lower case
     */
    public record Answer(int status, Map<String, String> headers, String body) {

        public String contentType() {
            return headers.getOrDefault("content-type", "");
        }

        /** Status and body, for comparison at one glance. */
        public String summary() {
            return status + " " + body;
        }
    }

    /** The summary of the answer to {@code GET /ratings/0} with these ratings. */
    public static String ratings(int reviewer1, int reviewer2) {
        return "200 {\"id\":0,\"ratings\":{\"Reviewer1\":%d,\"Reviewer2\":%d}}".formatted(reviewer1, reviewer2);
    }

    /** The summary of the answer to {@code GET /ratings/0}. */
    public String ratings() {
        return get("/ratings/0").summary();
    }

    /** Waits until the answer to {@code GET /ratings/0} is that. */
    public void await(String summary) {
        Await.until(summary, () -> ratings().equals(summary));
    }

    public void await(String summary, Duration time) {
        Await.until(summary, time, () -> ratings().equals(summary));
    }

    /** The database's health, for operators. */
    public String well() {
        return get("/q/health/well").body();
    }

    /** Waits until the database's health names that cause of an outage. */
    public void awaitCause(String label) {
        Await.until("the cause is reported: " + label, () -> well().contains("\"cause\": \"" + label + "\""));
    }

    public Answer get(String path, String... headers) {
        return send("GET", path, null, headers);
    }

    /**
     * @param body null for none, and for no Content-Length either
     * @param headers lines such as {@code Accept: text/html}
     */
    public Answer send(String method, String path, String body, String... headers) {
        StringBuilder request = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: ratings\r\n");
        for (String header : headers) {
            request.append(header).append("\r\n");
        }
        if (body != null) {
            request.append("Content-Length: ").append(body.getBytes(StandardCharsets.UTF_8).length).append("\r\n");
        }
        request.append("Connection: close\r\n\r\n").append(body == null ? "" : body);
        try (RawConnection connection = new RawConnection(service)) {
            connection.sendMeanwhile(request.toString().getBytes(StandardCharsets.UTF_8));
            return connection.read();
        } catch (IOException e) {
            throw new AssertionError("No answer", e);
        }
    }
}
