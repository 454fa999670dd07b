package org.bookinfo.ratings.testing;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A connection to the service on which a test sends any bytes, in any pieces, and reads the responses one by one.
 */
public final class RawConnection implements Closeable {

    private final Socket socket;
    private final InputStream in;

    public RawConnection(URI service) throws IOException {
        socket = new Http(service).open();
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
    }

    public RawConnection send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    /** Ends this side of the connection, as {@code nc -N} does. */
    public RawConnection endOutput() throws IOException {
        socket.shutdownOutput();
        return this;
    }

    public Http.Answer read() throws IOException {
        return Http.read(in);
    }

    /** Reads a response to HEAD, which has no body. */
    public Http.Answer readHead() throws IOException {
        return Http.read(in, true);
    }

    public String summary() throws IOException {
        return read().summary();
    }

    /** Reads everything until the service closes the connection. */
    public String rest() throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    /** Whether the service closes the connection within the time, without a further byte. */
    public boolean ends(Duration time) throws IOException {
        int timeout = socket.getSoTimeout();
        socket.setSoTimeout((int) time.toMillis());
        try {
            return in.read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return e.getMessage().contains("reset");
        } finally {
            socket.setSoTimeout(timeout);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
