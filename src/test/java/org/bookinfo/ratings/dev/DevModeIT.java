package org.bookinfo.ratings.dev;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.Http;
import org.bookinfo.ratings.testing.Ports;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Dev mode, started on a copy of the project as a user starts it, in a shell without {@code MYSQL_DB_HOST}.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class DevModeIT {

    /** Maven and the compiler may share the processors with other tests. */
    private static final Duration LONGEST_START = Duration.ofMinutes(10);

    private static final int PORT = Ports.free();
    private static final Http HTTP = new Http(URI.create("http://127.0.0.1:" + PORT));

    @TempDir
    static Path folder;

    private static Path project;
    private static Path temporary;
    private static Path log;
    private static Process maven;

    @BeforeAll
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    static void start() throws IOException {
        project = folder.resolve("project");
        temporary = Files.createDirectories(folder.resolve("tmp"));
        log = folder.resolve("log");
        for (String part : List.of("pom.xml", "mvnw", ".mvn", "sql", "src/main")) {
            try (Stream<Path> files = Files.walk(Path.of(part))) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    Files.createDirectories(project.resolve(file).getParent());
                    Files.copy(file, project.resolve(file));
                }
            }
        }
        maven = start("./mvnw", "--batch-mode", "--no-transfer-progress",
                "-Dmaven.repo.local=" + System.getProperty("localRepository"), "-Ddebug=false",
                "-Dquarkus.http.port=" + PORT, "quarkus:dev");
        awaitAnswer("/ratings/0", Http.GOOD);
    }

    private static Process start(String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(project.toFile()).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().keySet().removeIf(name -> name.matches("(MYSQL_DB|RATINGS|QUARKUS)_.*"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + temporary);
        return builder.start();
    }

    /** While dev mode starts or reloads, a request is refused or waits for longer than its client. */
    private static void awaitAnswer(String path, String answer) throws IOException {
        try {
            Await.until(answer, LONGEST_START, () -> {
                assertTrue(maven.isAlive());
                try {
                    return HTTP.get(path).summary().equals(answer);
                } catch (AssertionError e) {
                    return false;
                }
            });
        } catch (AssertionError e) {
            throw new AssertionError(Files.readString(log), e);
        }
    }

    /** The database's folder is among the temporary ones. */
    @AfterAll
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    static void end() throws Exception {
        List<ProcessHandle> processes = Stream.concat(maven.descendants(), Stream.of(maven.toHandle())).toList();
        maven.destroy();
        try {
            for (ProcessHandle process : processes) {
                process.onExit().get(3, TimeUnit.MINUTES);
            }
            try (Stream<Path> left = Files.list(temporary)) {
                assertEquals(List.of(), left.filter(file -> file.getFileName().toString().contains("database"))
                        .toList());
            }
        } finally {
            processes.forEach(ProcessHandle::destroyForcibly);
        }
    }

    @Test
    void source_changedTwice_isServedOnEachNewConnection() throws IOException {
        replace("please provide numeric product ID", "first change");
        for (String change : List.of("first change", "second change")) {
            replace("first change", change);
            awaitAnswer("/ratings/abc", "400 {\"error\":\"" + change + "\"}");
            for (int i = 0; i < 3; i++) {
                assertEquals("400 {\"error\":\"" + change + "\"}", HTTP.get("/ratings/abc").summary());
            }
        }
        assertFalse(Files.readString(log).contains(" ERROR "), Files.readString(log));
    }

    private static void replace(String text, String change) throws IOException {
        try (Stream<Path> files = Files.walk(project.resolve("src/main/java"))) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                String source = Files.readString(file);
                if (source.contains(text)) {
                    Files.writeString(file, source.replace(text, change));
                }
            }
        }
    }

    /** With the command of the README. */
    @Test
    void rating_changedInTheDatabase_isServedAndOutlivesAReload() throws Exception {
        assertEquals(0, start("sh", "-c", "target/dev-sql < sql/one-star.sql").waitFor());
        assertEquals(Http.ratings(1, 4), HTTP.get("/ratings/0").summary());

        replace("Ratings is healthy", "Ratings is well");
        awaitAnswer("/health", "200 {\"status\":\"Ratings is well\"}");
        assertEquals(Http.ratings(1, 4), HTTP.get("/ratings/0").summary());
    }
}
