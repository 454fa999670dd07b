package org.bookinfo.ratings.dev;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;

/**
 * A key and a certificate for the embedded server, made by the JDK's {@code keytool}. The server would make its own at
 * each start, with a key of 4,096 bits: that takes from 2 to 20 s of a processor, seen with MariaDB 11.4.
 *
 * @param certificate a PEM file
 * @param key a PEM file
 */
record SelfSigned(Path certificate, Path key) {

    private static final String ALIAS = "server";
    private static final String PASSWORD = "changeit"; // of a file that only this user can read, and that goes at once

    private static final Base64.Encoder PEM = Base64.getMimeEncoder(64, new byte[]{'\n'});

    static SelfSigned in(Path folder) throws IOException {
        Path store = folder.resolve("server.p12");
        run("-genkeypair", "-alias", ALIAS, "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=Embedded database",
                "-validity", "3650", "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore", store.toString());
        try (InputStream in = Files.newInputStream(store)) {
            KeyStore made = KeyStore.getInstance("PKCS12");
            made.load(in, PASSWORD.toCharArray());
            return new SelfSigned(
                    write(folder, "CERTIFICATE", made.getCertificate(ALIAS).getEncoded()),
                    write(folder, "PRIVATE KEY", made.getKey(ALIAS, PASSWORD.toCharArray()).getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        } finally {
            Files.delete(store);
        }
    }

    private static void run(String... arguments) throws IOException {
        String[] command = new String[arguments.length + 1];
        command[0] = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (InputStream output = keytool.getInputStream()) {
            String said = new String(output.readAllBytes());
            if (keytool.waitFor() != 0) {
                throw new IOException(said);
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private static Path write(Path folder, String what, byte[] content) throws IOException {
        return Files.writeString(folder.resolve(what.replace(' ', '-') + ".pem"),
                "-----BEGIN " + what + "-----\n" + PEM.encodeToString(content) + "\n-----END " + what + "-----\n");
    }
}
