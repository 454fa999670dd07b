package org.bookinfo.ratings.testing;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

import org.apache.commons.io.FileUtils;
import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;

/**
 * The real server that tests use: the one that {@code RATINGS_TEST_MYSQL_HOST} names, else MySQL in a container where
 * an engine runs, else the embedded MariaDB. {@code RATINGS_TEST_DATABASE}, set to {@code embedded} or {@code
 * container}, chooses between the last two. The service's own variables, {@code MYSQL_DB_HOST} and its companions, do
 * not count: tests replace the database.
 */
public final class TestDatabase implements AutoCloseable {

    public static final String IMAGE = "mysql:9.7";

    /** Has a bit of everything that a shell, a URL, an expression or SQL could take for its own. */
    public static final String PASSWORD = "p&%#;\"' \\${x} $1 /?=ü€";

    private static final Duration LONGEST_START = Duration.ofMinutes(5);

    private static Map<String, Object> shared;

    private final String name;
    private final String host;
    private final int port;
    private final String admin;
    private final String adminPassword;
    private final Runnable restart;
    private final Runnable close;
    private boolean changed;

    private TestDatabase(String name, String host, int port, String admin, String adminPassword, Runnable restart,
            Runnable close) {
        this.name = name;
        this.host = host;
        this.port = port;
        this.admin = admin;
        this.adminPassword = adminPassword;
        this.restart = restart;
        this.close = close;
    }

    /**
     * The one server of this run, set up anew with the files of sql/ and {@link #PASSWORD}. The first call starts it
     * and prints which it is; it ends with the run.
     */
    public static TestDatabase start() {
        // Quarkus loads this class anew for each profile of the tests. The server belongs to the copy that Java's own
        // class loader has, where Testcontainers looks for its parts; they pass each other nothing but types of the
        // JDK.
        ClassLoader java = ClassLoader.getSystemClassLoader();
        Thread thread = Thread.currentThread();
        ClassLoader own = thread.getContextClassLoader();
        thread.setContextClassLoader(java);
        try {
            Method start = java.loadClass(TestDatabase.class.getName()).getDeclaredMethod("startShared");
            start.setAccessible(true);
            Map<?, ?> server = (Map<?, ?>) start.invoke(null);
            TestDatabase database = new TestDatabase((String) server.get("name"), (String) server.get("host"),
                    (Integer) server.get("port"), (String) server.get("admin"), (String) server.get("password"),
                    (Runnable) server.get("restart"), () -> {
                    });
            database.reset();
            return database;
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        } finally {
            thread.setContextClassLoader(own);
        }
    }

    @SuppressWarnings("unused") // by start
    private static synchronized Map<String, Object> startShared() {
        if (shared == null) {
            TestDatabase server = choose(System.getenv());
            Runtime.getRuntime().addShutdownHook(new Thread(server::close, "test-database-stop"));
            System.out.printf("Tests use %s, version %s%n", server.name, server.version());
            shared = Map.of("name", server.name, "host", server.host, "port", server.port, "admin", server.admin,
                    "password", server.adminPassword, "restart", server.restart);
        }
        return shared;
    }

    /**
     * Starts a server of the test's own that sees its clients' addresses as they are, any of 127.0.0.0/8, and counts
     * the logins that each breaks off, as servers do by default.
     */
    public static TestDatabase startOnThisHost() {
        TestDatabase database = hasEngine(System.getenv()) ? container(true) : embedded("--skip-name-resolve=OFF");
        database.reset();
        return database;
    }

    /** @param environment of this process */
    static TestDatabase choose(Map<String, String> environment) {
        if (environment.containsKey("RATINGS_TEST_MYSQL_HOST")) {
            return named(environment);
        }
        return hasEngine(environment) ? container(false) : embedded();
    }

    private static boolean hasEngine(Map<String, String> environment) {
        String choice = environment.getOrDefault("RATINGS_TEST_DATABASE", "");
        return choice.equals("container")
                || !choice.equals("embedded") && DockerClientFactory.instance().isDockerAvailable();
    }

    private static TestDatabase named(Map<String, String> environment) {
        String host = environment.get("RATINGS_TEST_MYSQL_HOST");
        int port = Integer.parseInt(environment.getOrDefault("RATINGS_TEST_MYSQL_PORT", "3306"));
        String admin = environment.getOrDefault("RATINGS_TEST_MYSQL_USER", "root");
        String password = environment.getOrDefault("RATINGS_TEST_MYSQL_PASSWORD", "");
        // To end it is not this process's business. Its clients see the same where all their connections end.
        return new TestDatabase("the server at RATINGS_TEST_MYSQL_HOST", host, port, admin, password,
                () -> endConnections(host, port, admin, password), () -> {
                });
    }

    private static void endConnections(String host, int port, String admin, String password) {
        try (Connection connection = connect(host, port, admin, password);
                Statement statement = connection.createStatement()) {
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

    /** @param onThisHost in the host's own network, where nothing stands between a client's address and the server */
    private static TestDatabase container(boolean onThisHost) {
        int port = Ports.free();
        String password = UUID.randomUUID().toString();
        @SuppressWarnings("resource") // close, below
        GenericContainer<?> container = new GenericContainer<>(IMAGE).withEnv("MYSQL_ROOT_PASSWORD", password);
        if (onThisHost) {
            container.withNetworkMode("host").withCommand("--port=" + port);
        } else {
            container.setPortBindings(List.of(port + ":3306"));
        }
        container.start();
        String host = onThisHost ? "127.0.0.1" : container.getHost();
        awaitConnection(host, port, "root", password);
        return new TestDatabase("MySQL in a container, image " + IMAGE, host, port, "root", password, () -> {
            container.getDockerClient().restartContainerCmd(container.getContainerId()).withTimeout(60).exec();
            awaitConnection(host, port, "root", password);
        }, container::stop);
    }

    private static void awaitConnection(String host, int port, String admin, String password) {
        Await.until("the server accepts connections", LONGEST_START, () -> {
            try (Connection connection = connect(host, port, admin, password)) {
                return connection.isValid(5);
            } catch (SQLException e) {
                return false;
            }
        });
    }

    private static TestDatabase embedded(String... options) {
        EmbeddedDatabase server = EmbeddedDatabase.start(Ports.free(), Stream.concat(Stream.of(options),
                certificateOptions()).toArray(String[]::new));
        return new TestDatabase("the embedded MariaDB", "127.0.0.1", server.port(), EmbeddedDatabase.ADMIN,
                server.adminPassword(), server::restart, server::close);
    }

    /** The server would make its own at each start, with a key of 4,096 bits, which takes up to 20 s. */
    private static Stream<String> certificateOptions() {
        try {
            Path folder = Files.createTempDirectory("ratings-certificate");
            Certificate certificate = Certificate.in(folder, "dns:embedded.example");
            FileUtils.forceDeleteOnExit(folder.toFile());
            return Stream.of("--ssl-cert=" + certificate.file(), "--ssl-key=" + certificate.key());
        } catch (IOException | GeneralSecurityException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    public String host() {
        return host;
    }

    public int port() {
        return port;
    }

    public String admin() {
        return admin;
    }

    public String adminPassword() {
        return adminPassword;
    }

    /**
     * Ends the server, as an orderly shutdown does, and starts it again; of a server that is named, its connections.
     */
    public void restart() {
        restart.run();
    }

    /** Ends a server of the test's own. */
    @Override
    public void close() {
        close.run();
    }

    /**
     * What a service is told that logs in to a server, set up like this one, at that address; the caller may change it.
     */
    public static Map<String, String> environment(String host, int port) {
        return new HashMap<>(Map.of("MYSQL_DB_HOST", host, "MYSQL_DB_PORT", String.valueOf(port), "MYSQL_DB_USER",
                "bookinfo", "MYSQL_DB_PASSWORD", PASSWORD));
    }

    /** A connection of the administrator's. */
    public Connection connect() throws SQLException {
        return connect(host, port, admin, adminPassword);
    }

    private static Connection connect(String host, int port, String admin, String password) throws SQLException {
        return DriverManager.getConnection(EmbeddedDatabase.adminUrl(host, port), admin, password);
    }

    /** Its error codes, its statements and its defaults differ here and there. */
    public boolean isMariaDb() {
        return version().contains("MariaDB");
    }

    private String version() {
        try (Connection connection = connect()) {
            return connection.getMetaData().getDatabaseProductVersion();
        } catch (SQLException e) {
            throw unusable(e);
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
            EmbeddedDatabase.prepare(EmbeddedDatabase.adminUrl(host, port), admin, adminPassword, PASSWORD);
        } catch (SQLException e) {
            throw unusable(e);
        }
    }

    private IllegalStateException unusable(SQLException e) {
        return new IllegalStateException("Tests replace the database test of %s, but its account %s cannot: %s"
                .formatted(name, admin, e.getMessage().lines().findFirst().orElse("")));
    }
}
