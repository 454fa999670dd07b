package org.bookinfo.ratings.k8s;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * What git knows holds no secret.
 */
class TrackedFilesTest {

    @Test
    void trackedFiles_passwordsAndKeys_areNotAmongThem() throws IOException {
        Pattern assigned = Pattern.compile("(?im)^[ \\t#+-]*(?:export )?[\\w.-]*(?:password|passwd)[ \\t]*[:=][ \\t]*"
                + "(?!\\$|null\\b|\"?\\$\\{|\\.\\.\\.)(\\S+)");
        List<String> found = new ArrayList<>();
        for (Path file : tracked()) {
            String text = Files.readString(file, StandardCharsets.ISO_8859_1);
            if (text.contains("-----BEGIN " + "PRIVATE") || text.contains("-----BEGIN RSA " + "PRIVATE")) {
                found.add(file + ": a private key");
            }
            if (file.toString().matches(".*\\.(ya?ml|properties|env|example|json|toml|xml|cnf)|.*Dockerfile.*")) {
                Matcher matcher = assigned.matcher(text);
                while (matcher.find()) {
                    found.add(file + ": " + matcher.group().strip());
                }
            }
        }

        assertEquals(List.of(), found);
    }

    @Test
    void trackedFiles_whatUsersFillIn_isIgnored() throws IOException {
        List<String> ignored = Files.readAllLines(Path.of(".gitignore"));

        assertTrue(ignored.contains("/k8s/database/database.env"));
        assertTrue(ignored.contains("/k8s/components/trust-store/trust-store.p12"));
    }

    /** What git would track, also where the sources came without git. */
    private static List<Path> tracked() throws IOException {
        List<String> ignored = new ArrayList<>(List.of(".git"));
        Files.readAllLines(Path.of(".gitignore")).stream().filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(line -> line.replaceAll("^/|/$", "")).forEach(ignored::add);
        List<Path> files = new ArrayList<>();
        Files.walkFileTree(Path.of(""), new SimpleFileVisitor<>() {

            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                return isIgnored(directory) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (!isIgnored(file)) {
                    files.add(file);
                }
                return FileVisitResult.CONTINUE;
            }

            private boolean isIgnored(Path path) {
                return ignored.stream().anyMatch(pattern -> FileSystems.getDefault()
                        .getPathMatcher("glob:" + pattern)
                        .matches(pattern.contains("/") ? path : path.getFileName()));
            }
        });
        return files;
    }
}
