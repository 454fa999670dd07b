package org.bookinfo.ratings.dev;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Logs the pages to open, once dev mode has started and after each reload.
 */
public class DevModeApplication implements QuarkusApplication {

    private static final Logger LOG = Logger.getLogger(DevModeApplication.class);

    private final int port;

    DevModeApplication(@ConfigProperty(name = "quarkus.http.port") int port) {
        this.port = port;
    }

    @Override
    public int run(String... args) {
        LOG.infof("Open http://localhost:%1$d/ratings/0, or http://localhost:%1$d/q/swagger-ui to try out the rest",
                port);
        Quarkus.waitForExit();
        return 0;
    }
}
