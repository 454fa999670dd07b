package org.bookinfo.ratings.testing;

import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
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

    /** Contains a bit of everything that a shell, a URL, an expression or SQL could interpret. */
    public static final String PASSWORD = "p&%#;\"' \\${x} $1 /?=ü€";

    private static final Duration LONGEST_START = Duration.ofMinutes(5);

    private static Map<String, Object> shared;

    private final Server server;
    private boolean changed;

    private record Server(String name, String host, int port, String admin, String password, Runnable restart,
            Runnable close) {
    }

    private TestDatabase(Server server) {
        this.server = server;
    }

    /**
     * The one server of this run, set up anew with the files of sql/ and {@link #PASSWORD}. The first call starts it
     * and prints which it is; it ends with the run.
     *
     * <p>Quarkus loads this class anew for each profile. The server belongs to the copy that Java's own class loader
     * has, where Testcontainers looks for its parts. The copies exchange types of the JDK only.
     */
    public static TestDatabase start() {
        ClassLoader java = ClassLoader.getSystemClassLoader();
        ClassLoader own = Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(java);
        try {
            Method start = java.loadClass(TestDatabase.class.getName()).getMethod("startShared");
            Map<?, ?> server = (Map<?, ?>) start.invoke(null);
            TestDatabase database = new TestDatabase(new Server((String) server.get("name"),
                    (String) server.get("host"), (Integer) server.get("port"), (String) server.get("admin"),
                    (String) server.get("password"), (Runnable) server.get("restart"), () -> {
                    }));
            database.reset();
            return database;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e.getCause());
        } finally {
            Thread.currentThread().setContextClassLoader(own);
        }
    }

    /** For {@link #start}. */
    public static synchronized Map<String, Object> startShared() {
        if (shared == null) {
            TestDatabase database = choose(System.getenv());
            Server server = database.server;
            Runtime.getRuntime().addShutdownHook(new Thread(server.close, "test-database-stop"));
            database.reset();
            System.out.printf("Tests use %s, version %s%n", server.name, database.query("SELECT VERSION()"));
            shared = Map.of("name", server.name, "host", server.host, "port", server.port, "admin", server.admin,
                    "password", server.password, "restart", server.restart);
        }
        return shared;
    }

    /**
     * Starts a server of the test's own that sees its clients' addresses as they are, any of 127.0.0.0/8, and counts
     * the logins that each breaks off, as servers do by default.
     */
    public static TestDatabase startOnThisHost() {
        TestDatabase database = new TestDatabase(
                hasEngine(System.getenv()) ? container(true) : embedded("--skip-name-resolve=OFF"));
        database.reset();
        return database;
    }

    /** @param environment of this process */
    static TestDatabase choose(Map<String, String> environment) {
        if (environment.containsKey("RATINGS_TEST_MYSQL_HOST")) {
            return named("the server at RATINGS_TEST_MYSQL_HOST", environment.get("RATINGS_TEST_MYSQL_HOST"),
                    Integer.parseInt(environment.getOrDefault("RATINGS_TEST_MYSQL_PORT", "3306")),
                    environment.getOrDefault("RATINGS_TEST_MYSQL_USER", "root"),
                    environment.getOrDefault("RATINGS_TEST_MYSQL_PASSWORD", ""));
        }
        return new TestDatabase(hasEngine(environment) ? container(false) : embedded());
    }

    private static boolean hasEngine(Map<String, String> environment) {
        String choice = environment.getOrDefault("RATINGS_TEST_DATABASE", "");
        return choice.equals("container")
                || !choice.equals("embedded") && DockerClientFactory.instance().isDockerAvailable();
    }

    /** A server that runs already. Its restart ends its clients' connections only, which look the same to them. */
    public static TestDatabase named(String name, String host, int port, String admin, String password) {
        TestDatabase[] self = {null};
        self[0] = new TestDatabase(new Server(name, host, port, admin, password,
                () -> self[0].sessions().lines().forEach(self[0]::kill), () -> {
                }));
        return self[0];
    }

    /** @param onThisHost in the host's own network, where nothing stands between a client's address and the server */
    private static Server container(boolean onThisHost) {
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
        awaitConnection(host, port, password);
        return new Server("MySQL in a container, image " + IMAGE, host, port, "root", password, () -> {
            container.getDockerClient().restartContainerCmd(container.getContainerId()).withTimeout(60).exec();
            awaitConnection(host, port, password);
        }, container::stop);
    }

    private static void awaitConnection(String host, int port, String password) {
        Await.until("the server accepts connections", LONGEST_START, () -> {
            try (Connection connection = DriverManager.getConnection(EmbeddedDatabase.adminUrl(host, port), "root",
                    password)) {
                return connection.isValid(5);
            } catch (SQLException e) {
                return false;
            }
        });
    }

    private static Server embedded(String... options) {
        EmbeddedDatabase database = EmbeddedDatabase.start(Ports.free(),
                Stream.concat(Stream.of(options), certificateOptions()).toArray(String[]::new));
        return new Server("the embedded MariaDB", "127.0.0.1", database.port(), EmbeddedDatabase.ADMIN,
                database.adminPassword(), database::restart, database::close);
    }

    /** The server would make its own at each start, with a key of 4,096 bits, which takes up to 20 s. */
    private static Stream<String> certificateOptions() {
        try {
            Path folder = Files.createTempDirectory("ratings-certificate");
            Certificate certificate = Certificate.in(folder, "dns:embedded.example");
            FileUtils.forceDeleteOnExit(folder.toFile()); // with the files that are in it now
            return Stream.of("--ssl-cert=" + certificate.file(), "--ssl-key=" + certificate.key());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    public String host() {
        return server.host;
    }

    public int port() {
        return server.port;
    }

    public String admin() {
        return server.admin;
    }

    public String adminPassword() {
        return server.password;
    }

    /**
     * Ends the server, as an orderly shutdown does, and starts it again; of a server that is named, its connections.
     */
    public void restart() {
        server.restart.run();
    }

    @Override
    public void close() {
        server.close.run();
    }

    /**
     * The variables of a service that logs in to a server, set up like this one, at that address.
     *
     * @param changes further variables: name and value in turn, null for one that is not set
     */
    public static Map<String, String> environment(String host, int port, String... changes) {
        Map<String, String> environment = new HashMap<>(Map.of("MYSQL_DB_HOST", host, "MYSQL_DB_PORT",
                String.valueOf(port), "MYSQL_DB_USER", "bookinfo", "MYSQL_DB_PASSWORD", PASSWORD));
        for (int i = 0; i < changes.length; i += 2) {
            environment.put(changes[i], changes[i + 1]);
        }
        environment.values().removeIf(value -> value == null);
        return environment;
    }

    /** A connection of the administrator's. */
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(EmbeddedDatabase.adminUrl(host(), port()), admin(), adminPassword());
    }

    /** Its error codes, its statements and its defaults differ here and there. */
    public boolean isMariaDb() {
        return query("SELECT VERSION()").contains("MariaDB");
    }

    /** @return the rows of all results: lines, with tabs between the values */
    public String query(String sql) {
        StringJoiner lines = new StringJoiner("\n");
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            for (boolean rows = statement.execute(sql); rows
                    || statement.getUpdateCount() >= 0; rows = statement.getMoreResults()) {
                ResultSet result = statement.getResultSet();
                while (rows && result.next()) {
                    StringJoiner line = new StringJoiner("\t");
                    for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) {
                        line.add(result.getString(column));
                    }
                    lines.merge(line);
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return lines.toString();
    }

    /** The IDs of the sessions of {@code bookinfo}: a line each. */
    public String sessions() {
        return query("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'bookinfo'");
    }

    private void kill(String session) {
        try {
            execute("KILL " + session);
        } catch (IllegalStateException e) {
            if (!(e.getCause() instanceof SQLException sql && sql.getErrorCode() == 1094)) { // it has just ended
                throw e;
            }
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
            statement.execute("DROP DATABASE IF EXISTS test; DROP USER IF EXISTS 'bookinfo'@'%'");
            EmbeddedDatabase.prepare(EmbeddedDatabase.adminUrl(host(), port()), admin(), adminPassword(), PASSWORD);
        } catch (SQLException e) {
            throw new IllegalStateException("Tests replace the database test of %s, but its account %s cannot: %s"
                    .formatted(server.name, admin(), e.getMessage().lines().findFirst().orElse("")));
        }
    }
}
