package org.bookinfo.ratings.testing;

import java.util.Map;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;

/**
 * Gives the application under test a real database, behind a proxy that can fail. Both are there for the whole run.
 */
public class DatabaseResource implements QuarkusTestResourceLifecycleManager {

    private static TestDatabase database;
    private static FaultyProxy proxy;

    public static TestDatabase database() {
        return database;
    }

    public static FaultyProxy proxy() {
        return proxy;
    }

    @Override
    public Map<String, String> start() {
        database = TestDatabase.start();
        proxy = new FaultyProxy(database);
        return TestDatabase.environment("127.0.0.1", proxy.port(),
                "quarkus.log.console.enabled", "false", // the packaged application's too: it has a file
                "quarkus.http.test-port", String.valueOf(Ports.free()), // else one that the kernel chooses
                "quarkus.shutdown.delay", "0s");
    }

    @Override
    public void stop() {
        if (proxy != null) { // else there is no database
            proxy.close();
        }
    }
}
