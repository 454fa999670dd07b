package org.bookinfo.ratings.testing;

import java.io.IOException;
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
        try {
            database = TestDatabase.start();
            proxy = new FaultyProxy(database);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        Map<String, String> settings = TestDatabase.environment("127.0.0.1", proxy.port());
        settings.put("quarkus.log.console.enabled", "false"); // the packaged application's too: it has a file
        settings.put("quarkus.http.test-port", String.valueOf(Ports.free())); // else one that the kernel chooses
        settings.put("quarkus.shutdown.delay", "0s");
        return settings;
    }

    @Override
    public void stop() {
        try {
            if (proxy != null) { // else there is no database
                proxy.close();
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
