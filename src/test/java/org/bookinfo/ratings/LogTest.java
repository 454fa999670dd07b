package org.bookinfo.ratings;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.test.junit.QuarkusTest;
import io.vertx.ext.web.Router;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.LogListener;
import org.bookinfo.ratings.testing.ServiceTest;
import org.jboss.logmanager.ExtLogRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

/**
 * The lines that a request leaves in the log, and their request IDs. {@link LogIT} tests their form.
 */
@QuarkusTest
class LogTest extends ServiceTest {

    private static final String ID = "0c4b9c2e-8a7e-4a0f-9d7b-2f5f6f1f3c55";

    private final List<String> ids = new CopyOnWriteArrayList<>();
    private LogListener log;

    private static final String FAILING = "/ratings/666";
    private static final String BLOCKING = "/ratings/667";
    private static final CountDownLatch WARNED = new CountDownLatch(1);

    /** Routes before the service's own: one fails as none of the service's does, one blocks its event loop. */
    @Singleton
    static class Routes {
        void register(@Observes Router router) {
            router.get(FAILING).order(-1).handler(context -> {
                throw new IllegalStateException("for the test");
            });
            router.get(BLOCKING).order(-1).handler(context -> {
                try {
                    WARNED.await(5, TimeUnit.SECONDS); // a warning with a stack takes longer
                    context.response().end();
                } catch (InterruptedException e) {
                    context.fail(e);
                }
            });
        }
    }

    @BeforeEach
    void listen() {
        log = new LogListener("org.bookinfo.ratings",
                line -> ids.add(String.valueOf(ExtLogRecord.wrap(line).getMdc("requestId"))));
    }

    @AfterEach
    void stopListening() {
        log.close();
    }

    @Test
    void request_failsUnforeseen_leavesOneLineWithItsId() {
        assertEquals("500 {\"error\":\"internal server error\"}",
                http.get(FAILING, "x-request-id: " + ID).summary());
        assertEquals(500, http.get(FAILING).status());
        assertEquals(500, http.get(FAILING, "x-request-id: a\t[31m<" + "b".repeat(100)).status());

        assertEquals(List.of(ID, "null", "a??31m?" + "b".repeat(57)), ids);
        assertNull(org.jboss.logging.MDC.get("requestId"));
    }

    /** Refusals are the caller's business, and so is a body without a length that turns out too large. */
    @Test
    void request_isRefused_leavesNoLine() {
        assertEquals(400, http.get("/ratings/abc").status());
        assertEquals(404, http.get("/index.html").status());
        assertEquals(413, http.send("POST", "/ratings/0", null, "Transfer-Encoding: chunked", "",
                "11170\r\n" + "x".repeat(0x11170) + "\r\n0\r\n").status());

        assertEquals(List.of(), ids);
    }

    /** As on a processor that others use: its stack means nothing then. */
    @Test
    void eventLoop_blockedForSeconds_leavesALineWithoutItsStack() {
        List<Throwable> stacks = new CopyOnWriteArrayList<>();
        LogListener warnings = new LogListener("io.vertx.core.impl.BlockedThreadChecker", line -> {
            Optional.ofNullable(line.getThrown()).ifPresent(stacks::add);
            WARNED.countDown();
        });
        try {
            Await.until("Vert.x warns", Duration.ofMinutes(2), () -> {
                assertEquals(200, http.get(BLOCKING).status());
                return WARNED.getCount() == 0;
            });
        } finally {
            warnings.close();
        }
        assertEquals(List.of(), stacks);
    }
}
