package org.bookinfo.ratings;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.RawConnection;
import org.bookinfo.ratings.testing.ServiceTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.bookinfo.ratings.testing.Http.HEALTHY;
import static org.bookinfo.ratings.testing.Http.NOT_FOUND;
import static org.bookinfo.ratings.testing.Http.NO_POST;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The HTTP contract, row by row, as callers see it.
 */
@QuarkusTest
@TestProfile(ServiceTest.LongDeadline.class)
class ContractTest extends ServiceTest {

    private static final String NOT_NUMERIC = "400 {\"error\":\"please provide numeric product ID\"}";
    private static final String NOT_JSON = "400 {\"error\":\"please provide valid ratings JSON\"}";
    private static final String NOT_ALLOWED = "405 {\"error\":\"method not allowed\"}";

    private void assertResponse(String summary, Http.Answer answer) {
        assertEquals(summary, answer.summary());
        assertEquals("application/json", answer.contentType());
        assertTrue(answer.headers().containsKey("date"), answer.toString());
    }

    @Test
    void get_rowsPresent_answersBothReviewersInOrder() {
        assertResponse(GOOD, http.get("/ratings/0"));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "-1, -1", "+1, 1", "007, 7", "2147483647, 2147483647", "-2147483648, -2147483648",
            "0?x=1, 0", "0?x=/5, 0", "0?x=a|b&y={z}, 0", "0?, 0"})
    void get_numericId_answersWithThatId(String id, int expected) {
        assertEquals(GOOD.replace(":0,", ":" + expected + ","), http.get("/ratings/" + id).summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0/", "abc", "7abc", "0x10", "1.5", "1e400", "2147483648", "-2147483649",
            "99999999999999999999", "%30", "%", "%zz", "%00", "1/2", "abc/3", "0;a=b", "../ratings/0", "./0", "/0",
            "\u0663", "-", "+", "null", "{id}", "\"", "a|b", "?0", "..%0a", "0%0a", "../health", "%2e%2e/health",
            "../q/metrics"})
    void get_idNotAWholeNumberOf32Bits_answers400(String id) {
        assertResponse(NOT_NUMERIC, http.get("/ratings/" + id));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/ratings", "//ratings/0", "/ratingsX/0", "/Ratings/0", "/health/", "//health",
            "/Health", "/nonexistent", "/q/nonexistent", "/favicon.ico", "/index.html", "/health/../ratings/0",
            "/%72atings/0",
            "//q/metrics", "/x/../q/metrics", "/health/../q/metrics", "/q//metrics", "/q/./metrics", "/q/%6detrics",
            "/%71/metrics", "/q/metrics/", "/q/metrics/x", "/q/health/", "/q/health/live/", "/q/health/group/x",
            "/q/openapi/", "/q"})
    void get_unknownPath_answers404(String path) {
        assertResponse(NOT_FOUND, http.get(path));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/health", "/health?x=1"})
    void get_health_answersHealthy(String path) {
        assertResponse(HEALTHY, http.get(path));
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
        database.execute("DELETE FROM ratings",
                rows == null ? "DO 0" : "INSERT INTO ratings (ReviewID, Rating) VALUES " + rows);
        assertRatings(reviewer1, reviewer2);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "CREATE INDEX by_rating ON ratings (Rating)                                                  | 5 | 4",
            "DROP TABLE ratings; CREATE TABLE ratings (ReviewID INT NOT NULL, Rating INT);"
                    + " INSERT INTO ratings VALUES (20, 2), (10, 3)                                      | 3 | 2",
            "ALTER TABLE ratings MODIFY Rating DECIMAL(3,1); UPDATE ratings SET Rating = Rating - 0.5    | 4 | 3",
            "ALTER TABLE ratings MODIFY Rating VARCHAR(10)                                               | 5 | 4"})
    void get_otherTable_answersWholeNumbersByReviewId(String sql, int reviewer1, int reviewer2) {
        database.execute(sql);
        assertRatings(reviewer1, reviewer2);
    }

    @Test
    void get_hundredThousandRows_readsTwo() {
        database.execute("DELETE FROM ratings",
                "INSERT INTO ratings WITH RECURSIVE digits (d) AS"
                        + " (SELECT 0 UNION ALL SELECT d + 1 FROM digits WHERE d < 9)"
                        + " SELECT a.d * 10000 + b.d * 1000 + c.d * 100 + e.d * 10 + f.d, 1 + f.d % 5"
                        + " FROM digits a, digits b, digits c, digits e, digits f",
                "FLUSH STATUS");
        long before = rowsRead();
        assertRatings(1, 2);
        assertTrue(rowsRead() - before < 50, "rows read: " + (rowsRead() - before));
    }

    /** By all connections: the server counts each step along a table or an index. */
    private long rowsRead() {
        return database.query("SHOW GLOBAL STATUS WHERE Variable_name IN ('Handler_read_next', 'Innodb_rows_read')")
                .lines().mapToLong(line -> Long.parseLong(line.split("\t")[1])).sum();
    }

    private void assertRatings(int reviewer1, int reviewer2) {
        assertEquals(Http.ratings(reviewer1, reviewer2), http.ratings());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"Reviewer1\":1,\"Reviewer2\":1}", "{}", " {\"a\": [1, {\"b\": null}]} ", "[1]", "5",
            "\"text\"", "null", "{\"\u00e9\ud83d\ude00\":1}"})
    void post_json_answers501(String body) {
        assertEquals(NO_POST, http.send("POST", "/ratings/0", body).summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{not json", "", " ", "{\"a\":1} x", "{}{}", "{\"a\"}", "NaN", "'a'", "{\"a\":1,}",
            "\ufeff{}"})
    void post_notJson_answers400(String body) {
        assertEquals(NOT_JSON, http.send("POST", "/ratings/0", body).summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"Reviewer1\":1}", "{bad", ""})
    void post_idNotNumeric_answers400ForTheId(String body) {
        assertEquals(NOT_NUMERIC, http.send("POST", "/ratings/abc", body).summary());
    }

    /** RFC 8259: JSON is UTF-8, without a byte order mark. */
    @ParameterizedTest
    @ValueSource(strings = {"UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE", "ISO-8859-1"})
    void post_notUtf8_answers400(String charset) throws IOException {
        byte[] body = "{\"\u00e9\":1}".getBytes(charset);
        try (RawConnection connection = new RawConnection(service)) {
            connection.send("POST /ratings/0 HTTP/1.1\r\nHost: x\r\nContent-Length: " + body.length + "\r\n\r\n"
                    + new String(body, StandardCharsets.ISO_8859_1));
            assertEquals(NOT_JSON, connection.summary());
        }
    }

    @Test
    void post_noBody_answers400() {
        assertEquals(NOT_JSON, http.send("POST", "/ratings/0", null).summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json", "text/plain", "application/x-www-form-urlencoded",
            "multipart/form-data", "bogus", ""})
    void post_anyContentType_answers501(String type) {
        assertEquals(NO_POST, http.send("POST", "/ratings/0", "{}", "Content-Type: " + type).summary());
    }

    @Test
    void post_jsonOfAnyDepthAndLength_answers501() {
        for (String json : List.of("[".repeat(30_000) + "]".repeat(30_000), "9".repeat(60_000),
                "{\"" + "x".repeat(60_000) + "\":-0." + "1".repeat(1_001) + "e" + "1".repeat(1_001) + "}")) {
            assertEquals(NO_POST, http.send("POST", "/ratings/0", json).summary());
        }
    }

    @Test
    void post_unknownPath_answers404() {
        assertEquals(NOT_FOUND, http.send("POST", "/ratings", "{}").summary());
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "BOGUS"})
    void request_anyOtherMethod_isNotAllowed(String method) {
        for (String path : List.of("/health", "/q/health", "/q/health/live", "/q/metrics", "/q/openapi")) {
            assertNotAllowed("GET, HEAD", http.send(method, path, null));
        }
        if (!method.equals("POST")) {
            assertNotAllowed("GET, HEAD, POST", http.send(method, "/ratings/0", "1"));
        }
    }

    @Test
    void connect_pathForOperators_isNotAllowed() {
        assertNotAllowed("GET, HEAD", http.send("CONNECT", "/q/metrics", null));
    }

    private void assertNotAllowed(String allowed, Http.Answer answer) {
        assertResponse(NOT_ALLOWED, answer);
        assertEquals(allowed, answer.headers().get("allow"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/q/health/live", "/q/openapi?format=json"})
    void get_jsonForOperators_hasTheContentType(String path) {
        Http.Answer answer = http.get(path);
        assertResponse("200 " + answer.body(), answer);
    }

    @ParameterizedTest
    @CsvSource({"/ratings/0, 200", "/ratings/abc, 400", "/health, 200", "/nonexistent, 404"})
    void head_anyPath_answersAsGetWithoutBody(String path, int status) {
        assertResponse(status + " ", http.send("HEAD", path, null));
    }

    @Test
    void get_cookieOfSevenThousandBytes_isAccepted() {
        assertEquals(GOOD, http.get("/ratings/0", "Cookie: session=" + "x".repeat(7_000)).summary());
    }
}
