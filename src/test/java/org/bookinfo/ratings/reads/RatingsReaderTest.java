package org.bookinfo.ratings.reads;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;

import jakarta.inject.Inject;

import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.Vertx;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.LogListener;
import org.bookinfo.ratings.testing.ServiceTest;
import org.junit.jupiter.api.Test;

import static org.bookinfo.ratings.testing.Http.GOOD;

/**
 * An event that no request from outside can cause. {@link OutageTest} and {@link FreshnessTest} have the rest.
 */
@QuarkusTest
class RatingsReaderTest extends ServiceTest {

    /** The design promises a second. The rest is room for a slow shared machine. */
    private static final Duration RECOVERY = Duration.ofSeconds(4);

    @Inject
    RatingsReader reader;

    /** The deadline then passes while nothing is being read, so no read shows the reader that the outage is over. */
    @Test
    void read_eventLoopHangs_outageEndsAllTheSame() {
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
                try {
                    end.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            Await.until("the outage is logged", () -> outage.getCount() == 0);
            http.await(GOOD, RECOVERY);
        } finally {
            log.close();
            end.countDown();
            vertx.close();
        }
    }
}
