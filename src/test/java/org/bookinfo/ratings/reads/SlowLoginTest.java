package org.bookinfo.ratings.reads;

import java.net.URI;
import java.time.Duration;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Logins that take longer than a request may wait: the requests are answered in time, and served once a login is
 * complete.
 */
@QuarkusTest
@WithTestResource(DatabaseResource.class)
class SlowLoginTest {

    /** The design promises 1 s. The rest is room for a slow shared machine. */
    private static final Duration DEADLINE = Duration.ofSeconds(4);

    /** The design promises 30 s. */
    private static final Duration SERVED = Duration.ofSeconds(40);

    @TestHTTPResource("/")
    URI service;

    private final FaultyProxy proxy = DatabaseResource.proxy();
    private Http http;

    @BeforeEach
    void awaitHealthy() {
        http = new Http(service);
        Await.until("right answers", () -> http.get("/ratings/0").summary().equals(GOOD));
    }

    @AfterEach
    void restore() {
        proxy.set(Fault.NONE);
        awaitHealthy();
    }

    @ParameterizedTest
    @EnumSource(names = {"LATE_GREETING", "SLOW"})
    void get_loginLongerThanTheDeadline_isAnsweredInTimeAndServedInTheEnd(Fault fault) {
        proxy.set(fault);
        long first = System.nanoTime();
        assertEquals(503, http.get("/ratings/0").status());
        Await.until("right answers", SERVED, () -> {
            long start = System.nanoTime();
            boolean good = http.get("/ratings/0").summary().equals(GOOD);
            assertTrue(System.nanoTime() - start < DEADLINE.toNanos());
            return good;
        });
        System.out.printf("%s: served after %d ms%n", fault, (System.nanoTime() - first) / 1_000_000);
    }
}
