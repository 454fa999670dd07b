package org.bookinfo.ratings.reads;

import java.util.concurrent.CompletableFuture;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.ServiceTest;
import org.junit.jupiter.api.Test;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * A connection that has died since its last use costs no request. {@link OutageTest} tests whether responses come in
 * time.
 */
@QuarkusTest
@TestProfile(ServiceTest.LongDeadline.class)
class StaleConnectionTest extends ServiceTest {

    @Test
    void get_databaseDroppedAndCreatedAgain_costsNoRequest() {
        database.reset();
        assertEquals(GOOD, http.ratings());
    }

    @Test
    void get_serverRestartedBetweenRequests_costsNoRequest() {
        database.restart();
        assertEquals(GOOD, http.ratings());
    }

    @Test
    void get_idleConnectionClosed_costsNoRequest() {
        for (int i = 0; i < 20; i++) {
            proxy.closeOpen();
            assertEquals(GOOD, http.ratings());
        }
    }

    /** As by a firewall that forgets idle connections: bytes sent on them are lost, but new connections work. */
    @Test
    void get_idleConnectionSilent_costsNoRequest() {
        proxy.set(Fault.SILENT);
        CompletableFuture.runAsync(() -> {
            Await.until("the read on the silent connection has begun", () -> proxy.dropped() > 0);
            proxy.setForNew(Fault.NONE);
        });
        assertEquals(GOOD, http.ratings());
    }

    @Test
    void get_connectionIdleLongerThanTheServerAllows_costsNoRequest() {
        database.execute("SET GLOBAL wait_timeout = 1");
        try {
            proxy.closeOpen();
            assertEquals(GOOD, http.ratings());
            Await.until("the server has closed the idle connection", () -> proxy.connections() == 0);
            assertEquals(GOOD, http.ratings());
        } finally {
            database.execute("SET GLOBAL wait_timeout = 28800");
        }
    }
}
