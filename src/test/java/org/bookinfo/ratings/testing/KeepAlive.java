package org.bookinfo.ratings.testing;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/**
 * A connection that stays open from request to request.
 */
public final class KeepAlive implements AutoCloseable {

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    public KeepAlive(URI service) throws IOException {
        socket = new Http(service).open();
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    public Http.Answer get(String path) throws IOException {
        send(path);
        return receive();
    }

    public void send(String path) throws IOException {
        out.write(("GET " + path + " HTTP/1.1\r\nHost: ratings\r\n\r\n").getBytes(StandardCharsets.UTF_8));
    }

    public Http.Answer receive() throws IOException {
        return Http.read(in);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
