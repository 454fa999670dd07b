package org.bookinfo.ratings.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * A server's certificate that signed itself, with its key, and a trust store that trusts it.
 *
 * @param file a PEM file
 * @param key a PEM file
 */
public record Certificate(Path file, Path key, Path trustStore, String password) {

    private static final String PASSWORD = "changeit";

    private static final Base64.Encoder PEM = Base64.getMimeEncoder(64, new byte[]{'\n'});

    /** @param names in keytool's form: dns:NAME and ip:ADDRESS, separated by commas */
    public static Certificate in(Path folder, String names)
            throws IOException, GeneralSecurityException, InterruptedException {
        Path pair = folder.resolve("server.p12");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair", "-alias", "server", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=server", "-ext",
                "san=" + names, "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore", pair.toString())
                .redirectErrorStream(true).start();
        String output = new String(keytool.getInputStream().readAllBytes());
        assertEquals(0, keytool.waitFor(), output);
        KeyStore server = KeyStore.getInstance(pair.toFile(), PASSWORD.toCharArray());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", server.getCertificate("server"));
        Path trustStore = folder.resolve("server's trust store.p12");
        try (OutputStream out = Files.newOutputStream(trustStore)) {
            trusted.store(out, PASSWORD.toCharArray());
        }
        return new Certificate(
                write(folder, "CERTIFICATE", server.getCertificate("server").getEncoded()),
                write(folder, "PRIVATE KEY", server.getKey("server", PASSWORD.toCharArray()).getEncoded()),
                trustStore, PASSWORD);
    }

    private static Path write(Path folder, String type, byte[] content) throws IOException {
        return Files.writeString(folder.resolve(type.replace(' ', '-') + ".pem"),
                "-----BEGIN " + type + "-----\n" + PEM.encodeToString(content) + "\n-----END " + type + "-----\n");
    }
}
