package org.bookinfo.ratings.testing;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Java's archive of the packaged application's classes. The tests start the application a hundred times; with the
 * archive a start takes less than half of the time.
 */
final class ClassArchive {

    private static final Path FOLDER = Path.of("target");

    private static Optional<Path> archive;

    private ClassArchive() {
    }

    /** @return empty where Java could not write it: the application then starts without it */
    static synchronized Optional<Path> of(Path jar) {
        if (archive == null) {
            archive = of(jar, FOLDER.resolve("classes-" + Runtime.version() + ".jsa"));
        }
        return archive;
    }

    /** Writes it, if there is none of this Java and of this build. Other test processes wait meanwhile. */
    private static Optional<Path> of(Path jar, Path file) {
        try (FileChannel lock = FileChannel.open(FOLDER.resolve("classes.lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            lock.lock(); // until it is closed
            if (Files.notExists(file)
                    || Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(jar)) < 0) {
                Files.deleteIfExists(file);
                write(file);
            }
            return Optional.of(file);
        } catch (IOException | AssertionError e) {
            System.out.println("The application starts without an archive of its classes: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
            return Optional.empty();
        }
    }

    private static void write(Path file) throws IOException {
        try (PackagedApplication application = PackagedApplication
                .archiving(TestDatabase.environment("127.0.0.1", Ports.free()), file)) {
            application.awaitStart().http().get("/ratings/0");
        }
        if (Files.notExists(file)) {
            throw new IOException("Java wrote none");
        }
    }
}
