package org.bookinfo.ratings.reads;

import java.net.URI;
import java.util.concurrent.CompletableFuture;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.LongDeadlineProfile;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * A connection that has died since its last use costs no request. Whether the second login comes within the deadline is
 * not asked here: {@link OutageTest} asks for answers in time.
 */
@QuarkusTest
@TestProfile(LongDeadlineProfile.class)
@WithTestResource(DatabaseResource.class)
class StaleConnectionTest {

    @TestHTTPResource("/")
    URI service;

    private final TestDatabase database = DatabaseResource.database();
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
        database.undo();
    }

    @Test
    void get_databaseDroppedAndMadeAgain_costsNoRequest() {
        database.reset();
        assertEquals(GOOD, http.get("/ratings/0").summary());
    }

    @Test
    void get_serverRestartedBetweenRequests_costsNoRequest() {
        database.restart();
        assertEquals(GOOD, http.get("/ratings/0").summary());
    }

    @Test
    void get_idleConnectionClosed_costsNoRequest() {
        for (int i = 0; i < 20; i++) {
            proxy.closeOpen();
            assertEquals(GOOD, http.get("/ratings/0").summary());
        }
    }

    /** As by a firewall that forgets idle connections: what is sent on them is lost, but new ones work. */
    @Test
    void get_idleConnectionSilent_costsNoRequest() {
        proxy.set(Fault.SILENT);
        CompletableFuture.runAsync(() -> {
            Await.until("the read on the silent connection has begun", () -> proxy.dropped() > 0);
            proxy.setForNew(Fault.NONE);
        });
        assertEquals(GOOD, http.get("/ratings/0").summary());
    }

    @Test
    void get_connectionIdleLongerThanTheServerAllows_costsNoRequest() {
        database.execute("SET GLOBAL wait_timeout = 1");
        try {
            proxy.closeOpen();
            assertEquals(GOOD, http.get("/ratings/0").summary());
            Await.until("the server has closed the idle connection", () -> proxy.connections() == 0);
            assertEquals(GOOD, http.get("/ratings/0").summary());
        } finally {
            database.execute("SET GLOBAL wait_timeout = 28800");
        }
    }
}
