package org.bookinfo.ratings.k8s;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Runs commands as a Markdown file has them, in a copy of {@code k8s/} and {@code sql/}.
 */
final class ReadmeCommands {

    private static final Pattern BLOCK = Pattern.compile("^( *)```(sh|yaml)\n(.*?)^ *```$",
            Pattern.MULTILINE | Pattern.DOTALL);

    private final Path folder;
    private final Map<String, String> replacements;

    /** @param replacements the examples in the file, with the values to use instead */
    ReadmeCommands(Path folder, Map<String, String> replacements) {
        this.folder = folder;
        this.replacements = replacements;
        for (String copied : List.of("k8s", "sql")) {
            try (Stream<Path> files = Files.walk(Path.of(copied))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.createDirectories(folder.resolve(file).getParent());
                    Files.writeString(folder.resolve(file), replaced(Files.readString(file)));
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    private String replaced(String text) {
        String result = text;
        for (Map.Entry<String, String> each : replacements.entrySet()) {
            result = result.replace(each.getKey(), each.getValue());
        }
        return result;
    }

    /** The blocks of a language in the section of this heading, with the values replaced. */
    List<String> blocks(String file, String heading, String language) throws IOException {
        String text = Files.readString(Path.of(file));
        int start = ("\n" + text).indexOf("\n" + heading + "\n");
        assertTrue(start >= 0, () -> file + " has no " + heading);
        int end = text.indexOf("\n## ", start + 1);
        return BLOCK.matcher(text.substring(start, end < 0 ? text.length() : end)).results()
                .filter(block -> block.group(2).equals(language))
                .map(block -> replaced(block.group(3).replaceAll("(?m)^" + block.group(1), ""))).toList();
    }

    void write(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), text);
    }

    /** @throws AssertionError if a command fails, or all of them take longer than five minutes */
    String run(String commands) throws IOException, InterruptedException {
        File output = folder.resolve("output").toFile();
        ProcessBuilder builder = new ProcessBuilder("bash", "-euo", "pipefail", "-c", commands)
                .directory(folder.toFile()).redirectErrorStream(true).redirectOutput(output);
        builder.environment().put("EDITOR", "cp edited.env");
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(5, TimeUnit.MINUTES), () -> "still running: " + commands);
        } finally {
            process.destroy();
        }
        String printed = Files.readString(output.toPath());
        assertEquals(0, process.exitValue(), () -> commands + printed);
        return printed;
    }
}
