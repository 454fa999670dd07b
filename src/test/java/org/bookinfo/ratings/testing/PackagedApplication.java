package org.bookinfo.ratings.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The packaged application, jar or native executable, in a process of its own and with an environment of its own: that
 * given and nothing else. Told to end, it does so at once, as there are no callers who need to find out: see
 * {@link #endingAsDelivered}.
 */
public final class PackagedApplication implements AutoCloseable {

    private static final Path BUILD = Path.of("target");

    /** On a busy machine. */
    private static final Duration LONGEST_START = Duration.ofMinutes(3);
    private static final int LONGEST_EXIT_SECONDS = 120;

    private static final int LAST_LINES = 40;

    private static final Map<String, String> ENDING_AT_ONCE = Map.of("QUARKUS_SHUTDOWN_DELAY", "0s");

    private final int port = Ports.free();
    private final Path out = temporaryFile("out");
    private final Path err = temporaryFile("err");
    private final Process process;

    /** Starts it; the caller awaits what it wants to see. */
    public PackagedApplication(Map<String, String> environment) {
        this(environment, ENDING_AT_ONCE, command(Map.of()));
    }

    /** @param properties system properties, which a native executable takes as well */
    public PackagedApplication(Map<String, String> environment, Map<String, String> properties) {
        this(environment, ENDING_AT_ONCE, command(properties));
    }

    /** @param runner a command, with its first arguments, that runs the command which its further arguments are */
    public PackagedApplication(Map<String, String> environment, List<String> runner) {
        this(environment, ENDING_AT_ONCE, Stream.concat(runner.stream(), command(Map.of()).stream()).toList());
    }

    /** The same, but told to end it goes on for as long as it would anywhere. */
    public static PackagedApplication endingAsDelivered(Map<String, String> environment) {
        return new PackagedApplication(environment, Map.of(), command(Map.of()));
    }

    /** The same, but it writes Java's archive of its classes when it ends. */
    static PackagedApplication archiving(Map<String, String> environment, Path archive) {
        return new PackagedApplication(environment, ENDING_AT_ONCE,
                java(Optional.of("-XX:ArchiveClassesAtExit=" + archive), Map.of()));
    }

    private PackagedApplication(Map<String, String> environment, Map<String, String> defaults, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().put("LANG", "C.UTF-8"); // as in the images
        builder.environment().put("QUARKUS_HTTP_HOST", "127.0.0.1");
        builder.environment().put("QUARKUS_HTTP_PORT", String.valueOf(port));
        builder.environment().putAll(defaults);
        builder.environment().putAll(environment);
        try {
            process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
    public static Path path() {
        return BUILD.resolve(artifact().getProperty("path"));
    }

    /**
     * The folder with everything that is delivered: as it is or, for an executable, as it was before it was compiled.
     */
    public static Path contents() {
        Path executable = path();
        return isJar()
                ? executable.getParent()
                : BUILD.resolve(
                        executable.getFileName().toString().replaceFirst("-runner$", "-native-image-source-jar"));
    }

    private static List<String> command(Map<String, String> properties) {
        if (isJar()) {
            return java(ClassArchive.of(path()).map(archive -> "-XX:SharedArchiveFile=" + archive), properties);
        }
        List<String> command = new ArrayList<>(List.of(path().toString()));
        command.addAll(definitions(properties));
        return command;
    }

    private static List<String> java(Optional<String> option, Map<String, String> properties) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:TieredStopAtLevel=1"); // compiling less, it starts sooner
        option.ifPresent(command::add);
        command.addAll(definitions(properties));
        command.addAll(List.of("-jar", path().toString()));
        return command;
    }

    private static List<String> definitions(Map<String, String> properties) {
        return properties.entrySet().stream().map(each -> "-D" + each.getKey() + "=" + each.getValue()).toList();
    }

    private static Path temporaryFile(String name) {
        try {
            return Files.createTempFile(BUILD, "application-", "." + name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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

    /** How many files and connections are open. On Linux only. */
    public int openFiles() {
        return Path.of("/proc", String.valueOf(process.pid()), "fd").toFile().list().length;
    }

    /** How much memory the process has by now. On Linux only. */
    public long residentMegabytes() {
        return text(Path.of("/proc", String.valueOf(process.pid()), "status")).lines()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024).findFirst().orElseThrow();
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
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String lastLines() {
        List<String> lines = (out() + err()).lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    }

    @Override
    public void close() {
        try {
            process.destroy();
            if (!process.waitFor(LONGEST_EXIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("The application does not end when told to: " + lastLines());
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            out.toFile().delete();
            err.toFile().delete();
        }
    }
}
