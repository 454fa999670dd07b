package org.bookinfo.ratings;

import java.io.UnsupportedEncodingException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.LongDeadlineProfile;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The HTTP contract, row by row, as callers see it.
 */
@QuarkusTest
@TestProfile(LongDeadlineProfile.class)
@WithTestResource(DatabaseResource.class)
class ContractTest {

    private static final String NOT_NUMERIC = "400 {\"error\":\"please provide numeric product ID\"}";
    private static final String NOT_JSON = "400 {\"error\":\"please provide valid ratings JSON\"}";
    private static final String NO_POST = "501 {\"error\":\"Post not implemented for database backed ratings\"}";
    private static final String NOT_FOUND = "404 {\"error\":\"not found\"}";

    @TestHTTPResource("/")
    URI service;

    private Http http;

    @BeforeEach
    void connect() {
        http = new Http(service);
        Await.until("the service answers", () -> http.get("/ratings/0").summary().equals(GOOD));
    }

    @AfterEach
    void resetDatabase() {
        DatabaseResource.database().undo();
    }

    @Test
    void get_rowsPresent_answersBothReviewersInOrder() {
        Http.Answer answer = http.get("/ratings/0");
        assertEquals(GOOD, answer.summary());
        assertEquals("application/json", answer.contentType());
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "-1, -1", "+1, 1", "007, 7", "2147483647, 2147483647", "-2147483648, -2147483648",
            "0?x=1, 0", "0?x=/5, 0", "0?x=a|b&y={z}, 0", "0?, 0"})
    void get_numericId_answersWithThatId(String id, int expected) {
        assertEquals("200 {\"id\":" + expected + ",\"ratings\":{\"Reviewer1\":5,\"Reviewer2\":4}}",
                http.get("/ratings/" + id).summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0/", "abc", "7abc", "0x10", "1.5", "1e400", "2147483648", "-2147483649",
            "99999999999999999999", "%30", "%", "%zz", "%00", "1/2", "abc/3", "0;a=b", "../ratings/0", "./0", "/0",
            "\u0663", "-", "+", "null", "{id}", "\"", "a|b", "?0", "..%0a", "0%0a", "../health", "%2e%2e/health",
            "../q/metrics"})
    void get_idNotAWholeNumberOf32Bits_answers400(String id) {
        Http.Answer answer = http.get("/ratings/" + id);
        assertEquals(NOT_NUMERIC, answer.summary());
        assertEquals("application/json", answer.contentType());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/ratings", "//ratings/0", "/ratingsX/0", "/Ratings/0", "/health/", "//health",
            "/Health", "/nonexistent", "/q/nonexistent", "/favicon.ico", "/index.html", "/health/../ratings/0",
            "/%72atings/0",
            "//q/metrics", "/x/../q/metrics", "/health/../q/metrics", "/q//metrics", "/q/./metrics", "/q/%6detrics",
            "/%71/metrics", "/q/metrics/", "/q/metrics/x", "/q/health/", "/q/health/live/", "/q/health/group/x",
            "/q/openapi/", "/q"})
    void get_unknownPath_answers404(String path) {
        Http.Answer answer = http.get(path);
        assertEquals(NOT_FOUND, answer.summary());
        assertEquals("application/json", answer.contentType());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health", "/health?x=1"})
    void get_health_answersHealthy(String path) {
        Http.Answer answer = http.get(path);
        assertEquals("200 {\"status\":\"Ratings is healthy\"}", answer.summary());
        assertEquals("application/json", answer.contentType());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/q/health/started", "/q/health/live", "/q/health/ready", "/q/health/well"})
    void get_kubernetesProbe_answersUp(String path) {
        Http.Answer answer = http.get(path);
        assertEquals(200, answer.status());
        assertTrue(answer.body().contains("\"status\": \"UP\""), answer.body());
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/html", "application/xml", "bogus", "application/json;q=0", ""})
    void get_anyAccept_answersJson(String accept) {
        assertEquals(GOOD, http.get("/ratings/0", "Accept: " + accept).summary());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "none", value = {
            "(1, 5), (2, 4)            | 5 | 4",
            "(1, 1), (2, 1)            | 1 | 1",
            "none                      | 0 | 0",
            "(1, 5)                    | 5 | 0",
            "(1, 5), (2, 4), (3, 1)    | 5 | 4",
            "(1, NULL), (2, 4)         | 0 | 4",
            "(1, 5), (2, NULL)         | 5 | 0",
            "(1, NULL), (2, NULL)      | 0 | 0",
            "(20, 2), (10, 3)          | 3 | 2",
            "(1, 9), (2, -1)           | 9 | -1",
            "(1, 0), (2, 0)            | 0 | 0",
            "(-5, 1), (0, 2), (5, 3)   | 1 | 2"})
    void get_anyRows_answersTheFirstTwoByReviewId(String rows, int reviewer1, int reviewer2) {
        DatabaseResource.database().execute("DELETE FROM ratings",
                rows == null ? "DO 0" : "INSERT INTO ratings (ReviewID, Rating) VALUES " + rows);
        assertRatings(reviewer1, reviewer2);
    }

    @Test
    void get_indexOnRating_keepsTheOrderOfReviewIds() {
        DatabaseResource.database().execute("CREATE INDEX by_rating ON ratings (Rating)");
        assertRatings(5, 4);
    }

    @Test
    void get_tableWithoutKeyInInsertionOrder_keepsTheOrderOfReviewIds() {
        DatabaseResource.database().execute("DROP TABLE ratings",
                "CREATE TABLE ratings (ReviewID INT NOT NULL, Rating INT)",
                "INSERT INTO ratings VALUES (20, 2), (10, 3)");
        assertRatings(3, 2);
    }

    @Test
    void get_decimalRatings_answersWholeNumbers() {
        DatabaseResource.database().execute("ALTER TABLE ratings MODIFY Rating DECIMAL(3,1)",
                "UPDATE ratings SET Rating = Rating - 0.5");
        assertRatings(4, 3);
    }

    @Test
    void get_ratingNotANumber_answers500() {
        DatabaseResource.database().execute("ALTER TABLE ratings MODIFY Rating VARCHAR(10)",
                "UPDATE ratings SET Rating = 'five'");
        assertEquals("500 {\"error\":\"could not perform select\"}", http.get("/ratings/0").summary());
    }

    @Test
    void get_textThatIsANumber_answersIt() {
        DatabaseResource.database().execute("ALTER TABLE ratings MODIFY Rating VARCHAR(10)");
        assertRatings(5, 4);
    }

    @Test
    void get_ratingBeyond32Bits_answers500() {
        DatabaseResource.database().execute("ALTER TABLE ratings MODIFY Rating BIGINT",
                "UPDATE ratings SET Rating = 2147483648");
        assertEquals("500 {\"error\":\"could not perform select\"}", http.get("/ratings/0").summary());
    }

    @Test
    void get_tableWithoutReviewId_answers500() {
        DatabaseResource.database().execute("ALTER TABLE ratings CHANGE ReviewID ID INT");
        assertEquals("500 {\"error\":\"could not perform select\"}", http.get("/ratings/0").summary());
    }

    @Test
    void get_hundredThousandRows_readsTwo() throws Exception {
        TestDatabase database = DatabaseResource.database();
        database.execute("DELETE FROM ratings",
                "INSERT INTO ratings WITH RECURSIVE digits (d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM digits WHERE d < 9)"
                        + " SELECT a.d * 10000 + b.d * 1000 + c.d * 100 + e.d * 10 + f.d, 1 + f.d % 5"
                        + " FROM digits a, digits b, digits c, digits e, digits f",
                "FLUSH STATUS");
        long before = rowsRead(database);
        assertRatings(1, 2);
        assertTrue(rowsRead(database) - before < 50, "rows read: " + (rowsRead(database) - before));
    }

    /** By all connections: the server counts each step along a table or an index. */
    private static long rowsRead(TestDatabase database) throws Exception {
        try (var connection = database.connect(); var statement = connection.createStatement()) {
            var status = statement.executeQuery("SHOW GLOBAL STATUS WHERE Variable_name IN"
                    + " ('Handler_read_first', 'Handler_read_next', 'Handler_read_rnd', 'Handler_read_rnd_next',"
                    + " 'Innodb_rows_read')");
            long rows = 0;
            while (status.next()) {
                if (status.getString(1).equals("Innodb_rows_read")
                        || status.getString(1).equals("Handler_read_next")) {
                    rows += status.getLong(2);
                }
            }
            return rows;
        }
    }

    private void assertRatings(int reviewer1, int reviewer2) {
        assertEquals("200 {\"id\":0,\"ratings\":{\"Reviewer1\":" + reviewer1 + ",\"Reviewer2\":" + reviewer2 + "}}",
                http.get("/ratings/0").summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"Reviewer1\":1,\"Reviewer2\":1}", "{}", " {\"a\": [1, {\"b\": null}]} ", "[1]", "5",
            "\"text\"", "null"})
    void post_json_answers501(String body) {
        assertEquals(NO_POST, post("/ratings/0", body).summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{not json", "", " ", "{\"a\":1} x", "{}{}", "{\"a\"}", "NaN", "'a'", "{\"a\":1,}"})
    void post_notJson_answers400(String body) {
        assertEquals(NOT_JSON, post("/ratings/0", body).summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"Reviewer1\":1}", "{bad", ""})
    void post_idNotNumeric_answers400ForTheId(String body) {
        assertEquals(NOT_NUMERIC, post("/ratings/abc", body).summary());
    }

    /** RFC 8259: JSON is UTF-8, without a byte order mark. */
    @ParameterizedTest
    @ValueSource(strings = {"UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE", "ISO-8859-1"})
    void post_notUtf8_answers400(String charset) throws UnsupportedEncodingException {
        byte[] body = "{\"\u00e9\":1}".getBytes(charset);
        assertEquals(NOT_JSON, http.send("POST", "/ratings/0", body).summary());
    }

    @Test
    void post_byteOrderMark_answers400() {
        assertEquals(NOT_JSON, post("/ratings/0", "\ufeff{}").summary());
    }

    @Test
    void post_utf8_answers501() {
        assertEquals(NO_POST, post("/ratings/0", "{\"\u00e9\ud83d\ude00\":1}").summary());
    }

    @Test
    void post_noBody_answers400() {
        assertEquals(NOT_JSON, http.send("POST", "/ratings/0", null).summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json", "text/plain", "application/x-www-form-urlencoded",
            "multipart/form-data", "bogus", ""})
    void post_anyContentType_answers501(String type) {
        assertEquals(NO_POST, http.send("POST", "/ratings/0", "{}".getBytes(StandardCharsets.UTF_8),
                "Content-Type: " + type).summary());
    }

    @Test
    void post_jsonOfAnyDepthAndLength_answers501() {
        for (String json : List.of("[".repeat(30_000) + "]".repeat(30_000), "9".repeat(60_000),
                "{\"" + "x".repeat(60_000) + "\":-0." + "1".repeat(1_001) + "e" + "1".repeat(1_001) + "}")) {
            assertEquals(NO_POST, post("/ratings/0", json).summary());
        }
    }

    @Test
    void post_unknownPath_answers404() {
        assertEquals(NOT_FOUND, post("/ratings", "{}").summary());
    }

    @Test
    void post_hundredMegabytes_isRefused() {
        assertEquals(413, http.send("POST", "/ratings/0", new byte[100_000_000]).status());
        assertEquals(GOOD, http.get("/ratings/0").summary());
    }

    private Http.Answer post(String path, String body) {
        return http.send("POST", path, body.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "BOGUS"})
    void anyOtherMethod_isNotAllowed(String method) {
        Http.Answer ratings = http.send(method, "/ratings/0", "{}".getBytes(StandardCharsets.UTF_8));
        assertEquals("405 {\"error\":\"method not allowed\"}", ratings.summary());
        assertEquals("GET, HEAD, POST", ratings.headers().get("allow"));
        Http.Answer health = http.send(method, "/health", null);
        assertEquals("405 {\"error\":\"method not allowed\"}", health.summary());
        assertEquals("GET, HEAD", health.headers().get("allow"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BOGUS"})
    void anyOtherMethod_forOperators_isNotAllowed(String method) {
        for (String path : List.of("/q/health", "/q/health/live", "/q/metrics", "/q/openapi")) {
            Http.Answer answer = http.send(method, path, null);
            assertEquals("405 {\"error\":\"method not allowed\"}", answer.summary());
            assertEquals("GET, HEAD", answer.headers().get("allow"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/q/health/live", "/q/openapi?format=json"})
    void get_jsonForOperators_hasTheSameContentType(String path) {
        assertEquals("application/json", http.get(path).contentType());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health", "/ratings/0", "/ratings/x", "/no", "/q/health/live"})
    void get_anyPath_hasTheDate(String path) {
        assertTrue(http.get(path).headers().containsKey("date"), path);
    }

    @Test
    void post_health_isNotAllowed() {
        assertEquals("405 {\"error\":\"method not allowed\"}", post("/health", "{}").summary());
    }

    @ParameterizedTest
    @CsvSource({"/ratings/0, 200", "/ratings/abc, 400", "/health, 200", "/nonexistent, 404"})
    void head_anyPath_answersAsGetWithoutBody(String path, int status) {
        Http.Answer answer = http.send("HEAD", path, null);
        assertEquals(status + " ", answer.summary());
        assertEquals("application/json", answer.contentType());
    }

    @Test
    void get_cookieOfSevenThousandBytes_isAccepted() {
        assertEquals(GOOD, http.get("/ratings/0", "Cookie: session=" + "x".repeat(7_000)).summary());
    }

    @Test
    void get_headersOf64Kilobytes_areRefused() {
        assertEquals(431, http.get("/ratings/0", "Cookie: session=" + "x".repeat(64_000)).status());
    }

    @Test
    void get_pathOf64Kilobytes_isRefused() {
        assertEquals(414, http.get("/ratings/" + "1".repeat(64_000)).status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense\r\n\r\n", "GET /ratings/0\r\n\r\n", "GET /ratings/0 HTTP/9.9\r\n\r\n",
            "GET /ratings/0 HTTP/1.1\r\n\r\n", "GET  HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /ratings/0 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            "POST /ratings/0 HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n"})
    void malformedRequest_isRefused(String request) {
        Http.Answer answer = http.exchange(request.getBytes(StandardCharsets.UTF_8), new byte[0]);
        assertTrue(answer.status() >= 400 && answer.status() < 500 || answer.status() == 501, answer.summary());
        assertFalse(answer.body().contains("Exception"), answer.body());
    }
}
