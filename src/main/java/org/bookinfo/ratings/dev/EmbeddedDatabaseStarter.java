package org.bookinfo.ratings.dev;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;

import io.quarkus.arc.profile.IfBuildProfile;
import io.quarkus.runtime.StartupEvent;
import org.jboss.logging.Logger;

/**
 * Starts the embedded database to which {@link EmbeddedDatabaseConfig} points, at the first start of dev mode only.
 */
@Singleton
@IfBuildProfile("dev")
class EmbeddedDatabaseStarter {

    private static final Logger LOG = Logger.getLogger(EmbeddedDatabaseStarter.class);

    private static final String RUNNING = "ratings.dev.database-running";

    private static final Path CLIENT = Path.of("target", "dev-sql");

    /** Before the first read. */
    void start(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event)
            throws SQLException, IOException {
        String port = System.getProperty(EmbeddedDatabaseConfig.PORT);
        if (port == null || Boolean.getBoolean(RUNNING)) {
            return;
        }
        @SuppressWarnings("resource") // ends with the process
        EmbeddedDatabase database = EmbeddedDatabase.start(Integer.parseInt(port), EmbeddedDatabase.WITHOUT_TLS);
        try {
            EmbeddedDatabase.prepare(database.adminUrl(), EmbeddedDatabase.ADMIN, database.adminPassword(),
                    System.getProperty(EmbeddedDatabaseConfig.PASSWORD));
            database.writeClient(CLIENT);
        } catch (SQLException | IOException e) {
            database.close(); // the next reload starts another on its port
            throw e;
        }
        System.setProperty(RUNNING, "true");
        LOG.infof(
                "Embedded MariaDB on 127.0.0.1:%s, loaded from sql/. Its client: %s. Set MYSQL_DB_HOST to use another",
                port, CLIENT);
    }
}
