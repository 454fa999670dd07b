package org.bookinfo.ratings.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The packaged application, jar or native executable, in a process of its own and with an environment of its own: that
 * given and nothing else.
 */
public final class PackagedApplication implements AutoCloseable {

    private static final Path BUILD = Path.of("target");

    /** On a busy machine. */
    private static final Duration LONGEST_START = Duration.ofMinutes(3);
    private static final int LONGEST_EXIT_SECONDS = 120;

    private static final int LAST_LINES = 40;

    private static Path archive;

    private final int port = Ports.free();
    private final Path out;
    private final Path err;
    private final Process process;

    /** Starts it; the caller awaits what it wants to see. */
    public PackagedApplication(Map<String, String> environment) {
        this(environment, Map.of());
    }

    /** @param properties system properties, which a native executable takes as well */
    public PackagedApplication(Map<String, String> environment, Map<String, String> properties) {
        this(command(properties), environment);
    }

    /** @param runner a command, with its first arguments, that runs the command which its further arguments are */
    public PackagedApplication(Map<String, String> environment, List<String> runner) {
        this(Stream.concat(runner.stream(), command(Map.of()).stream()).toList(), environment);
    }

    private PackagedApplication(List<String> command, Map<String, String> environment) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().put("LANG", "C.UTF-8"); // as in the images
        builder.environment().put("QUARKUS_HTTP_HOST", "127.0.0.1");
        builder.environment().put("QUARKUS_HTTP_PORT", String.valueOf(port));
        builder.environment().putAll(environment);
        try {
            out = Files.createTempFile(BUILD, "application-", ".out");
            err = Files.createTempFile(BUILD, "application-", ".err");
            process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Starts it beside a database behind a proxy, and waits until it listens.
     *
     * @param settings further variables: name and value in turn
     */
    public static PackagedApplication start(FaultyProxy proxy, String... settings) {
        return new PackagedApplication(TestDatabase.environment("127.0.0.1", proxy.port(), settings)).awaitStart();
    }

    /** Quarkus's build notes there what it made: a jar or, with -Dnative, an executable. */
    private static Properties artifact() {
        Properties artifact = new Properties();
        try (InputStream in = Files.newInputStream(BUILD.resolve("quarkus-artifact.properties"))) {
            artifact.load(in);
            return artifact;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static boolean isJar() {
        return artifact().getProperty("type").equals("jar");
    }

    /** The jar that starts it, in the folder with everything that it needs, or the executable. */
    static Path path() {
        return BUILD.resolve(artifact().getProperty("path"));
    }

    /**
     * The folder with everything that is delivered: as it is or, for an executable, as it was before it was compiled.
     */
    public static Path contents() {
        return isJar()
                ? path().getParent()
                : BUILD.resolve(path().getFileName().toString().replaceFirst("-runner$", "-native-image-source-jar"));
    }

    private static List<String> command(Map<String, String> properties) {
        return isJar()
                ? java("-XX:SharedArchiveFile=" + archive(), properties)
                : Stream.concat(Stream.of(path().toString()), definitions(properties)).toList();
    }

    /** Compiling less, it starts sooner. */
    private static List<String> java(String option, Map<String, String> properties) {
        Stream<String> java = Stream.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", option);
        return Stream.of(java, definitions(properties), Stream.of("-jar", path().toString()))
                .flatMap(part -> part).toList();
    }

    /**
     * Java's archive of the application's classes, with which a start takes half of the processor's time. Each test
     * process writes one; Java ignores a file that is not there.
     */
    private static synchronized Path archive() {
        if (archive == null) {
            archive = BUILD.resolve("classes-" + ProcessHandle.current().pid() + ".jsa");
            archive.toFile().deleteOnExit();
            try (PackagedApplication application = new PackagedApplication(
                    java("-XX:ArchiveClassesAtExit=" + archive, Map.of()),
                    TestDatabase.environment("127.0.0.1", Ports.free(), "QUARKUS_SHUTDOWN_DELAY", "0s"))) {
                application.awaitStart().http().ratings();
                application.terminate();
                application.exitCode();
            } catch (AssertionError e) {
                System.out.println("The application starts without an archive of its classes.");
            }
        }
        return archive;
    }

    private static Stream<String> definitions(Map<String, String> properties) {
        return properties.entrySet().stream().map(each -> "-D" + each.getKey() + "=" + each.getValue());
    }

    public Http http() {
        return new Http(uri());
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + port);
    }

    /** Waits until it listens; an application that does not is closed. */
    public PackagedApplication awaitStart() {
        try {
            Await.until("the application listens", LONGEST_START, () -> {
                if (!process.isAlive()) {
                    throw new AssertionError("The application ended: " + lastLines());
                }
                return out().contains("Listening on:");
            });
        } catch (AssertionError e) {
            close();
            throw e;
        }
        return this;
    }

    public int port() {
        return port;
    }

    public long pid() {
        return process.pid();
    }

    /** How many files and connections are open. On Linux only. */
    public int openFiles() {
        return proc("fd").toFile().list().length;
    }

    /** How many threads run. On Linux only. */
    public int threads() {
        return proc("task").toFile().list().length;
    }

    /** How much memory the process has by now. On Linux only. */
    public long residentMegabytes() {
        return text(proc("status")).lines().filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024).findFirst().orElseThrow();
    }

    private Path proc(String name) {
        return Path.of("/proc", String.valueOf(process.pid()), name);
    }

    /** Sends SIGTERM, and does not wait. */
    public void terminate() {
        process.destroy();
    }

    /** Waits until it ends by itself. */
    public int exitCode() {
        try {
            if (!process.waitFor(LONGEST_EXIT_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("The application still runs: " + lastLines());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    public String out() {
        return text(out);
    }

    public String err() {
        return text(err);
    }

    private static String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8); // its last character may be incomplete
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String lastLines() {
        List<String> lines = (out() + err()).lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    }

    /** Ends it at once. How it ends by itself is ConnectionDrainingIT's. */
    @Override
    public void close() {
        process.destroyForcibly();
        exitCode();
        out.toFile().delete();
        err.toFile().delete();
    }
}
