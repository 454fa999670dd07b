package org.bookinfo.ratings.dev;

import java.sql.SQLException;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;

import io.quarkus.arc.profile.IfBuildProfile;
import io.quarkus.runtime.StartupEvent;
import org.jboss.logging.Logger;

/**
 * Starts the embedded database that {@link EmbeddedDatabaseConfig} promised, once in the life of a dev mode.
 */
@Singleton
@IfBuildProfile("dev")
class EmbeddedDatabaseStarter {

    private static final Logger LOG = Logger.getLogger(EmbeddedDatabaseStarter.class);

    private static final String RUNNING = "ratings.dev.database-running";

    /** Before anything reads from it. */
    void start(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) throws SQLException {
        String port = System.getProperty(EmbeddedDatabaseConfig.PORT);
        if (port == null || Boolean.getBoolean(RUNNING)) {
            return;
        }
        // Without TLS: the server would first spend up to ten seconds on a key of its own.
        @SuppressWarnings("resource") // ends with the process
        EmbeddedDatabase database = EmbeddedDatabase.start(Integer.parseInt(port), "--skip-ssl");
        EmbeddedDatabase.prepare(database.adminUrl(), EmbeddedDatabase.ADMIN, database.adminPassword(),
                System.getProperty(EmbeddedDatabaseConfig.PASSWORD));
        System.setProperty(RUNNING, "true");
        LOG.infof("Embedded MariaDB on 127.0.0.1:%s, loaded from sql/. Set MYSQL_DB_HOST to use another server", port);
    }
}
