package org.bookinfo.ratings.testing;

import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntSupplier;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.ExposedPort;
import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.dev.EmbeddedDatabaseConfig;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.mysql.MySQLContainer;

/**
 * The real server that tests use: the one named by {@code MYSQL_DB_HOST} (with an administrator's account), else MySQL in
 * a container where an engine runs, else the embedded MariaDB. {@code RATINGS_TEST_DATABASE} set to {@code embedded} or
 * {@code container} decides otherwise.
 */
public abstract class TestDatabase implements AutoCloseable {

    public static final String IMAGE = "mysql:9.7";

    /** Has a bit of everything that a shell, a URL, an expression or SQL could take for its own. */
    public static final String PASSWORD = "p&%#;\"' \\${x} $1 /?=ü€";

    private boolean changed;

    /**
     * The one server of this run, set up anew with the files of sql/ and {@link #PASSWORD}. The first call starts it, or finds it,
     * and says which it is; it ends with the run.
     */
    public static TestDatabase start() {
        TestDatabase database = new Shared();
        database.reset();
        return database;
    }

    /**
     * Starts a server of the test's own that sees its clients' addresses as they are, any of 127.0.0.0/8, and counts the logins
     * that each breaks off, as servers do by default.
     */
    public static TestDatabase startOnThisHost() {
        TestDatabase database = hasEngine() ? new ContainerOnThisHost() : new Embedded("--skip-name-resolve=OFF");
        database.reset();
        return database;
    }

    private static TestDatabase choose() {
        if (System.getenv("MYSQL_DB_HOST") != null) {
            return new External();
        }
        return hasEngine() ? new Container() : new Embedded();
    }

    private static boolean hasEngine() {
        String choice = System.getenv().getOrDefault("RATINGS_TEST_DATABASE", "");
        return choice.equals("container")
                || !choice.equals("embedded") && DockerClientFactory.instance().isDockerAvailable();
    }

    public abstract String host();

    public abstract int port();

    public abstract String admin();

    public abstract String adminPassword();

    /** Ends the server, as an orderly shutdown does, and starts it again. */
    public abstract void restart();

    @Override
    public abstract void close();

    /** What a service is told that logs in to a server, set up like this one, at that address; the caller may change it. */
    public static Map<String, String> environment(String host, int port) {
        return new HashMap<>(Map.of("MYSQL_DB_HOST", host, "MYSQL_DB_PORT", String.valueOf(port), "MYSQL_DB_USER",
                "bookinfo", "MYSQL_DB_PASSWORD", PASSWORD));
    }

    /** A connection of the administrator's. */
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(EmbeddedDatabase.adminUrl(host(), port()), admin(), adminPassword());
    }

    /** Its error codes, its statements and its defaults differ here and there. */
    public boolean isMariaDb() {
        try (Connection connection = connect()) {
            return connection.getMetaData().getDatabaseProductVersion().contains("MariaDB");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    boolean answers() {
        try (Connection connection = connect()) {
            return connection.isValid(5);
        } catch (SQLException e) {
            return false;
        }
    }

    /** Executes statements as the administrator, with {@code test} as their database. */
    public void execute(String... statements) {
        changed = true;
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            statement.execute("USE test");
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Puts everything back, if {@link #execute} has changed anything since the last time. */
    public void undo() {
        if (changed) {
            reset();
        }
    }

    /** Puts everything back to what sql/ makes of a new server. */
    public void reset() {
        changed = false;
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS test");
            statement.execute("DROP USER IF EXISTS 'bookinfo'@'%'");
            EmbeddedDatabase.prepare(EmbeddedDatabase.adminUrl(host(), port()), admin(), adminPassword(), PASSWORD);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * The server of this run. Quarkus loads the tests of each profile anew, so the server belongs to the copy of this class that Java's
     * own class loader has, and the others reach it by the JDK's types.
     */
    private static final class Shared extends TestDatabase {

        private static Map<String, Object> started;

        private final Map<?, ?> server;

        Shared() {
            Thread thread = Thread.currentThread();
            ClassLoader own = thread.getContextClassLoader();
            thread.setContextClassLoader(ClassLoader.getSystemClassLoader()); // Testcontainers looks for its parts there
            try {
                Method start = ClassLoader.getSystemClassLoader().loadClass(Shared.class.getName())
                        .getDeclaredMethod("startOnce");
                start.setAccessible(true);
                server = (Map<?, ?>) start.invoke(null);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            } finally {
                thread.setContextClassLoader(own);
            }
        }

        @SuppressWarnings("unused") // by the constructor
        private static synchronized Map<String, Object> startOnce() throws SQLException {
            if (started == null) {
                TestDatabase server = choose();
                Runtime.getRuntime().addShutdownHook(new Thread(server::close, "test-database-stop"));
                try (Connection connection = server.connect(); Statement statement = connection.createStatement()) {
                    var version = statement.executeQuery("SELECT VERSION()");
                    version.next();
                    System.out.printf("Tests use %s, version %s%n", server, version.getString(1));
                }
                started = Map.of("host", server.host(), "port", (IntSupplier) server::port, "admin", server.admin(),
                        "password", server.adminPassword(), "restart", (Runnable) server::restart);
            }
            return started;
        }

        @Override
        public String host() {
            return (String) server.get("host");
        }

        @Override
        public int port() {
            return ((IntSupplier) server.get("port")).getAsInt();
        }

        @Override
        public String admin() {
            return (String) server.get("admin");
        }

        @Override
        public String adminPassword() {
            return (String) server.get("password");
        }

        @Override
        public void restart() {
            ((Runnable) server.get("restart")).run();
        }

        @Override
        public void close() {
            // Others use it too.
        }
    }

    private static final class External extends TestDatabase {
        @Override
        public String host() {
            return System.getenv("MYSQL_DB_HOST");
        }

        @Override
        public int port() {
            return Integer.parseInt(System.getenv().getOrDefault("MYSQL_DB_PORT", "3306"));
        }

        @Override
        public String admin() {
            return System.getenv("MYSQL_DB_USER");
        }

        @Override
        public String adminPassword() {
            return System.getenv("MYSQL_DB_PASSWORD");
        }

        /** Not this process's to end: its clients see the same if all their connections end. */
        @Override
        public void restart() {
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
        public String host() {
            return container.getHost();
        }

        @Override
        public int port() {
            return port;
        }

        @Override
        public String admin() {
            return "root";
        }

        @Override
        public String adminPassword() {
            return container.getPassword();
        }

        @Override
        public void restart() {
            docker().stopContainerCmd(container.getContainerId()).exec();
            docker().startContainerCmd(container.getContainerId()).exec();
            port = Integer.parseInt(docker().inspectContainerCmd(container.getContainerId()).exec().getNetworkSettings()
                    .getPorts().getBindings().get(ExposedPort.tcp(3306))[0].getHostPortSpec()); // it is another one now
            Await.until("the server answers again", this::answers);
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

    /** In the host's own network, where nothing stands between a client's address and the server. */
    private static final class ContainerOnThisHost extends TestDatabase {
        private final int port = Ports.free();
        private final String password = EmbeddedDatabaseConfig.newPassword();
        private final GenericContainer<?> container = new GenericContainer<>(IMAGE).withNetworkMode("host")
                .withEnv("MYSQL_ROOT_PASSWORD", password).withCommand("--port=" + port);

        ContainerOnThisHost() {
            container.start();
            Await.until("the server answers", this::answers);
        }

        @Override
        public String host() {
            return "127.0.0.1";
        }

        @Override
        public int port() {
            return port;
        }

        @Override
        public String admin() {
            return "root";
        }

        @Override
        public String adminPassword() {
            return password;
        }

        @Override
        public void restart() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
            container.stop();
        }

        @Override
        public String toString() {
            return "MySQL in a container on this host's network, image " + IMAGE;
        }
    }

    private static final class Embedded extends TestDatabase {
        private final EmbeddedDatabase server;

        Embedded(String... options) {
            server = EmbeddedDatabase.start(Ports.free(), options);
        }

        @Override
        public String host() {
            return "127.0.0.1";
        }

        @Override
        public int port() {
            return server.port();
        }

        @Override
        public String admin() {
            return EmbeddedDatabase.ADMIN;
        }

        @Override
        public String adminPassword() {
            return server.adminPassword();
        }

        @Override
        public void restart() {
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
