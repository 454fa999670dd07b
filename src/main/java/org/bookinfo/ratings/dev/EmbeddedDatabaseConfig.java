package org.bookinfo.ratings.dev;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import io.quarkus.runtime.LaunchMode;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.PropertiesConfigSource;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * In dev mode, if {@code MYSQL_DB_HOST} is not set, sets it and its companions to the embedded database.
 *
 * <p>Each reload loads this class anew, while the database keeps running. System properties outlive a reload: they have
 * the database's port and password.
 *
 * <p>The packaged application has this class but not the embedded database, so this class may not refer to it.
 */
public final class EmbeddedDatabaseConfig implements ConfigSourceFactory {

    static final String PORT = "ratings.dev.database-port";
    static final String PASSWORD = "ratings.dev.database-password";

    /** Above application.properties, below the environment. */
    private static final int ORDINAL = 275;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        if (LaunchMode.current() != LaunchMode.DEVELOPMENT || context.getValue("MYSQL_DB_HOST").getValue() != null) {
            return List.of();
        }
        synchronized (System.getProperties()) {
            if (System.getProperty(PORT) == null) {
                System.setProperty(PORT, String.valueOf(freePort()));
                System.setProperty(PASSWORD, newPassword());
            }
        }
        return List.of(new PropertiesConfigSource(Map.of(
                "MYSQL_DB_HOST", "127.0.0.1",
                "MYSQL_DB_PORT", System.getProperty(PORT),
                "MYSQL_DB_USER", "bookinfo",
                "MYSQL_DB_PASSWORD", System.getProperty(PASSWORD)), "embedded database", ORDINAL));
    }

    /** A port of loopback that was free just now. */
    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A random password. */
    public static String newPassword() {
        return UUID.randomUUID().toString();
    }
}
