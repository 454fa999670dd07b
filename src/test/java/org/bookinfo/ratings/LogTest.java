package org.bookinfo.ratings;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.ext.web.Router;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.LogListener;
import org.jboss.logmanager.ExtLogRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

/**
 * Which lines a request leaves in the log, and whose they are. {@link LogIT} looks at how they are written.
 */
@QuarkusTest
@WithTestResource(DatabaseResource.class)
class LogTest {

    private static final String ID = "0c4b9c2e-8a7e-4a0f-9d7b-2f5f6f1f3c55";

    @TestHTTPResource("/")
    URI service;

    private final List<String> ids = new CopyOnWriteArrayList<>();
    private LogListener log;

    /** Fails as nothing of the service is known to. */
    @Singleton
    static class Failing {

        static final String PATH = "/ratings/666";

        void fail(@Observes Router router) {
            router.get(PATH).order(-1).handler(context -> { // before the framework's own
                throw new IllegalStateException("for the test");
            });
        }
    }

    /**
     * Keeps its event loop busy until Vert.x has warned of that, but for less time than a warning with a stack takes.
     */
    @Singleton
    static class Blocking {

        static final String PATH = "/ratings/667";

        static final CountDownLatch WARNED = new CountDownLatch(1);

        void block(@Observes Router router) {
            router.get(PATH).order(-1).handler(context -> {
                try {
                    WARNED.await(5, TimeUnit.SECONDS);
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
        Http http = new Http(service);

        assertEquals("500 {\"error\":\"internal server error\"}",
                http.get(Failing.PATH, "x-request-id: " + ID).summary());
        assertEquals(500, http.get(Failing.PATH).status());
        assertEquals(500, http.get(Failing.PATH, "x-request-id: a\t[31m<" + "b".repeat(100)).status());

        assertEquals(List.of(ID, "null", "a??31m?" + "b".repeat(57)), ids);
        assertNull(org.jboss.logging.MDC.get("requestId"));
    }

    /** Refusals are the caller's business, and so is a body without a length that turns out too large. */
    @Test
    void request_isRefused_leavesNoLine() {
        Http http = new Http(service);

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
            Blocking.WARNED.countDown();
        });
        try {
            Await.until("Vert.x warns", Duration.ofMinutes(2), () -> {
                assertEquals(200, new Http(service).get(Blocking.PATH).status());
                return Blocking.WARNED.getCount() == 0;
            });
        } finally {
            warnings.close();
        }
        assertEquals(List.of(), stacks);
    }
}
