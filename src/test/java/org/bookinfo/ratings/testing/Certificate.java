package org.bookinfo.ratings.testing;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * A server's certificate that signed itself, with its key, and a trust store that trusts it.
 *
 * @param file a PEM file
 * @param key a PEM file
 */
public record Certificate(Path file, Path key, Path trustStore) {

    /** Of the trust store: contains what a shell, a URL or an expression could interpret. */
    public static final String PASSWORD = "trust & \"store\" %'s ${password}";

    private static final Base64.Encoder PEM = Base64.getMimeEncoder(64, new byte[]{'\n'});

    /**
     * @param names in keytool's form: dns:NAME and ip:ADDRESS, separated by commas
     * @param options of keytool's
     */
    public static Certificate in(Path folder, String names, String... options) throws Exception {
        Path pair = folder.resolve("server.p12");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-alias",
                "server", "-keyalg", "RSA", "-dname", "CN=server", "-ext", "san=" + names, "-storetype", "PKCS12",
                "-storepass", PASSWORD, "-keystore", pair.toString()));
        command.addAll(List.of(options));
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, keytool.waitFor(), output);
        KeyStore server = KeyStore.getInstance(pair.toFile(), PASSWORD.toCharArray());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", server.getCertificate("server"));
        Path trustStore = folder.resolve("server's trust store.p12");
        try (OutputStream out = Files.newOutputStream(trustStore)) {
            trusted.store(out, PASSWORD.toCharArray());
        }
        return new Certificate(write(folder, "CERTIFICATE", server.getCertificate("server").getEncoded()),
                write(folder, "PRIVATE KEY", server.getKey("server", PASSWORD.toCharArray()).getEncoded()),
                trustStore);
    }

    private static Path write(Path folder, String type, byte[] content) throws Exception {
        return Files.writeString(folder.resolve(type.replace(' ', '-') + ".pem"),
                "-----BEGIN " + type + "-----\n" + PEM.encodeToString(content) + "\n-----END " + type + "-----\n");
    }
}
