package org.bookinfo.ratings.reads;

import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;

import jakarta.inject.Inject;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.Vertx;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.LogListener;
import org.junit.jupiter.api.Test;

import static org.bookinfo.ratings.testing.Http.GOOD;

/**
 * What no request from outside can bring about. {@link OutageTest} and {@link FreshnessTest} have the rest.
 */
@QuarkusTest
@WithTestResource(DatabaseResource.class)
class RatingsReaderTest {

    /** The design promises a second. The rest is room for a slow shared machine. */
    private static final Duration RECOVERY = Duration.ofSeconds(4);

    @Inject
    RatingsReader reader;

    @TestHTTPResource("/")
    URI service;

    /** The deadline then passes while nothing is being read, so that no read tells the reader of the outage. */
    @Test
    void read_eventLoopHangs_outageEndsAllTheSame() {
        Http http = new Http(service);
        Await.until("right answers", () -> http.get("/ratings/0").summary().equals(GOOD));
        CountDownLatch outage = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        Vertx vertx = Vertx.vertx();
        LogListener log = new LogListener("org.bookinfo.ratings", line -> {
            if (line.getLevel().intValue() >= Level.WARNING.intValue()) {
                outage.countDown();
            }
        });
        try {
            vertx.getOrCreateContext().runOnContext(unused -> {
                reader.read();
                hang(end);
            });
            Await.until("the outage is told", () -> outage.getCount() == 0);
            Await.until("right answers again", RECOVERY, () -> http.get("/ratings/0").summary().equals(GOOD));
        } finally {
            log.close();
            end.countDown();
            vertx.close();
        }
    }

    private static void hang(CountDownLatch end) {
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
