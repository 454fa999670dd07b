package org.bookinfo.ratings.testing;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * A trust store for a server that made its certificate itself.
 */
public final class TrustStore {

    private TrustStore() {
    }

    /**
     * Writes a PKCS#12 file with the last certificate that the server shows: its authority's, or its own if that signed
     * itself.
     */
    public static Path forServer(TestDatabase database, Path folder, String password)
            throws IOException, GeneralSecurityException {
        Certificate[] chain = certificates(database);
        KeyStore trustStore = KeyStore.getInstance("PKCS12");
        trustStore.load(null, null);
        trustStore.setCertificateEntry("authority", chain[chain.length - 1]);
        Path file = folder.resolve("trust store.p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            trustStore.store(out, password.toCharArray());
        }
        return file;
    }

    /** TLS begins within MySQL's protocol: after the server's greeting and the client's packet that asks for it. */
    private static Certificate[] certificates(TestDatabase database) throws IOException, GeneralSecurityException {
        SSLContext trustingAnybody = SSLContext.getInstance("TLS");
        trustingAnybody.init(null, new TrustManager[]{new TrustsAnybody()}, null);
        try (Socket socket = new Socket(database.host(), database.port())) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            int greeting = in.read() | in.read() << 8 | in.read() << 16;
            in.skipNBytes(1 + greeting);
            byte[] request = new byte[4 + 32];
            request[0] = 32; // length
            request[3] = 1; // the second packet
            request[5] = (byte) 0x8a; // CLIENT_PROTOCOL_41, CLIENT_SSL and CLIENT_SECURE_CONNECTION
            request[12] = 45; // utf8mb4
            socket.getOutputStream().write(request);
            try (SSLSocket tls = (SSLSocket) trustingAnybody.getSocketFactory().createSocket(socket, database.host(),
                    database.port(), false)) {
                tls.startHandshake();
                return tls.getSession().getPeerCertificates();
            }
        }
    }

    private static final class TrustsAnybody implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {
            // This client only wants to see the certificates.
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {
            // This client only wants to see the certificates.
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
