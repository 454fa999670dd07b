package org.bookinfo.ratings.dev;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.UUID;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;

import io.quarkus.arc.profile.IfBuildProfile;
import io.quarkus.runtime.StartupEvent;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Starts the embedded database if {@code MYSQL_DB_HOST} is not set, and logs which pages to open.
 */
@Singleton
@IfBuildProfile("dev")
class DevMode {

    private static final Logger LOG = Logger.getLogger(DevMode.class);

    private static final Path CLIENT = Path.of("target", "dev-sql");

    /** Before the first read. The database and the system properties outlive each reload. */
    void startDatabase(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event, Config config)
            throws SQLException, IOException {
        if (config.getOptionalValue("MYSQL_DB_HOST", String.class).isPresent()) {
            return;
        }
        @SuppressWarnings("resource") // ends with the process
        EmbeddedDatabase database = EmbeddedDatabase.start(0, EmbeddedDatabase.WITHOUT_TLS);
        String password = UUID.randomUUID().toString();
        EmbeddedDatabase.prepare(database.adminUrl(), EmbeddedDatabase.ADMIN, database.adminPassword(), password);
        database.writeClient(CLIENT);
        Map.of("MYSQL_DB_HOST", "127.0.0.1", "MYSQL_DB_PORT", String.valueOf(database.port()), "MYSQL_DB_USER",
                "bookinfo", "MYSQL_DB_PASSWORD", password).forEach(System::setProperty);
        LOG.infof("Embedded MariaDB on 127.0.0.1:%d, loaded from sql/. Its client: %s."
                + " Set MYSQL_DB_HOST to use another", database.port(), CLIENT);
    }

    void logPages(@Observes StartupEvent event, @ConfigProperty(name = "quarkus.http.port") int port) {
        LOG.infof("Open http://localhost:%1$d/ratings/0, or http://localhost:%1$d/q/swagger-ui to try out the rest",
                port);
    }
}
