package org.bookinfo.ratings;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.ExposedPort;
import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.dev.EmbeddedDatabaseConfig;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.mysql.MySQLContainer;

/**
 * The real server that tests use: the one named by {@code MYSQL_DB_HOST} (with an administrator's account), else MySQL in
 * a container where an engine runs, else the embedded MariaDB. {@code RATINGS_TEST_DATABASE} set to {@code embedded} or
 * {@code container} decides otherwise.
 */
abstract class TestDatabase implements AutoCloseable {

    static final String IMAGE = "mysql:9.7";

    /** Has a bit of everything that a shell, a URL, an expression or SQL could take for its own. */
    static final String PASSWORD = "p&%#;\"' \\${x} $1 /?=ü€";

    /** Starts, or finds, the server; sets it up with the files of sql/ and {@link #PASSWORD}; and says which it is. */
    static TestDatabase start() throws SQLException {
        TestDatabase database = choose();
        database.reset();
        try (Connection connection = database.connect(); Statement statement = connection.createStatement()) {
            var version = statement.executeQuery("SELECT VERSION()");
            version.next();
            System.out.printf("Tests use %s, version %s%n", database, version.getString(1));
        }
        return database;
    }

    private static TestDatabase choose() {
        String choice = System.getenv().getOrDefault("RATINGS_TEST_DATABASE", "");
        if (System.getenv("MYSQL_DB_HOST") != null) {
            return new External();
        }
        if (choice.equals("container")
                || !choice.equals("embedded") && DockerClientFactory.instance().isDockerAvailable()) {
            return new Container();
        }
        return new Embedded();
    }

    abstract String host();

    abstract int port();

    abstract String admin();

    abstract String adminPassword();

    /** Ends the server, as an orderly shutdown does, and starts it again. */
    abstract void restart();

    @Override
    public abstract void close();

    /** A connection of the administrator's. */
    Connection connect() throws SQLException {
        return DriverManager.getConnection(EmbeddedDatabase.adminUrl(host(), port()), admin(), adminPassword());
    }

    /** Executes statements as the administrator, with {@code test} as their database. */
    void execute(String... statements) {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            statement.execute("USE test");
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Puts everything back to what sql/ makes of a new server. */
    void reset() {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS test");
            statement.execute("DROP USER IF EXISTS 'bookinfo'@'%'");
            EmbeddedDatabase.prepare(EmbeddedDatabase.adminUrl(host(), port()), admin(), adminPassword(), PASSWORD);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class External extends TestDatabase {
        @Override
        String host() {
            return System.getenv("MYSQL_DB_HOST");
        }

        @Override
        int port() {
            return Integer.parseInt(System.getenv().getOrDefault("MYSQL_DB_PORT", "3306"));
        }

        @Override
        String admin() {
            return System.getenv("MYSQL_DB_USER");
        }

        @Override
        String adminPassword() {
            return System.getenv("MYSQL_DB_PASSWORD");
        }

        /** Not this process's to end: its clients see the same if all their connections end. */
        @Override
        void restart() {
            try (Connection connection = connect(); Statement statement = connection.createStatement()) {
                var clients = statement
                        .executeQuery("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'bookinfo'");
                var kills = new StringBuilder();
                while (clients.next()) {
                    kills.append("KILL ").append(clients.getLong(1)).append(';');
                }
                if (!kills.isEmpty()) {
                    statement.execute(kills.toString());
                }
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            // It was there before.
        }

        @Override
        public String toString() {
            return "the server at MYSQL_DB_HOST";
        }
    }

    private static final class Container extends TestDatabase {
        private final MySQLContainer container = new MySQLContainer(IMAGE).withUsername("root");

        private volatile int port;

        Container() {
            container.start();
            port = container.getMappedPort(3306);
        }

        @Override
        String host() {
            return container.getHost();
        }

        @Override
        int port() {
            return port;
        }

        @Override
        String admin() {
            return "root";
        }

        @Override
        String adminPassword() {
            return container.getPassword();
        }

        @Override
        void restart() {
            docker().stopContainerCmd(container.getContainerId()).exec();
            docker().startContainerCmd(container.getContainerId()).exec();
            port = Integer.parseInt(docker().inspectContainerCmd(container.getContainerId()).exec().getNetworkSettings()
                    .getPorts().getBindings().get(ExposedPort.tcp(3306))[0].getHostPortSpec()); // it is another one now
            Await.until("the server answers again", this::answers);
        }

        private boolean answers() {
            try (Connection connection = connect()) {
                return connection.isValid(5);
            } catch (SQLException e) {
                return false;
            }
        }

        private static DockerClient docker() {
            return DockerClientFactory.instance().client();
        }

        @Override
        public void close() {
            container.stop();
        }

        @Override
        public String toString() {
            return "MySQL in a container, image " + IMAGE;
        }
    }

    private static final class Embedded extends TestDatabase {
        private final EmbeddedDatabase server = EmbeddedDatabase.start(EmbeddedDatabaseConfig.freePort());

        @Override
        String host() {
            return "127.0.0.1";
        }

        @Override
        int port() {
            return server.port();
        }

        @Override
        String admin() {
            return EmbeddedDatabase.ADMIN;
        }

        @Override
        String adminPassword() {
            return server.adminPassword();
        }

        @Override
        void restart() {
            server.restart();
        }

        @Override
        public void close() {
            server.close();
        }

        @Override
        public String toString() {
            return "the embedded MariaDB";
        }
    }
}
