package org.bookinfo.ratings.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Java's archive of the packaged application's classes. The tests start the application a hundred times, and with it a start
 * takes less than half of the time.
 */
final class ClassArchive {

    private static final Path FOLDER = Path.of("target");

    private ClassArchive() {
    }

    /** Makes it, if there is none of this Java and of this build. The test processes beside this one wait for that. */
    static synchronized Path of(Path jar) {
        Path archive = FOLDER.resolve("classes-" + Runtime.version() + ".jsa");
        try (FileChannel file = FileChannel.open(FOLDER.resolve("classes.lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            file.lock(); // until it is closed
            if (Files.notExists(archive)
                    || Files.getLastModifiedTime(archive).compareTo(Files.getLastModifiedTime(jar)) < 0) {
                Files.deleteIfExists(archive);
                make(archive);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return archive;
    }

    private static void make(Path archive) {
        try (PackagedApplication application = PackagedApplication
                .archiving(TestDatabase.environment("127.0.0.1", Ports.free()), archive)) {
            application.awaitStart().http().get("/ratings/0");
        }
    }
}
