package org.bookinfo.ratings.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * A connection to the service on which a test sends any bytes, in any pieces, and reads the responses one by one.
 */
public final class RawConnection implements Closeable {

    private static final int LONGEST_WAIT_MILLIS = 20_000;

    private final Socket socket;
    private final InputStream in;

    /**
     * @throws ConnectException where nobody listens, also where the listener was closed just now: the kernel resets
     *         connections that it has not accepted, seen as a {@link SocketException} while they still connect
     */
    public RawConnection(URI service) throws IOException {
        try {
            socket = new Socket(service.getHost(), service.getPort());
        } catch (SocketException e) {
            throw new ConnectException(e.getMessage());
        }
        socket.setSoTimeout(LONGEST_WAIT_MILLIS);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
    }

    public RawConnection send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    /** Sends while the caller reads: the service may refuse a body in its middle. */
    void sendMeanwhile(byte[] bytes) {
        new Thread(() -> {
            try {
                socket.getOutputStream().write(bytes);
            } catch (IOException e) {
                // The response says why.
            }
        }, "sender").start();
    }

    public Http.Answer get(String path) throws IOException {
        return send("GET " + path + " HTTP/1.1\r\nHost: ratings\r\n\r\n").read();
    }

    /** Ends this side of the connection, as {@code nc -N} does. */
    public RawConnection endOutput() throws IOException {
        socket.shutdownOutput();
        return this;
    }

    public String summary() throws IOException {
        return read().summary();
    }

    public Http.Answer read() throws IOException {
        return read(false);
    }

    /** Reads a response to HEAD, which has no body. */
    public Http.Answer readHead() throws IOException {
        return read(true);
    }

    private Http.Answer read(boolean head) throws IOException {
        String status = line();
        if (status.isEmpty()) {
            throw new IOException("The connection ended without an answer");
        }
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon).toLowerCase(), line.substring(colon + 1).trim());
        }
        byte[] body = {};
        try {
            String length = headers.get("content-length");
            if (!head && !status.contains(" 100 ")) {
                body = length == null ? in.readAllBytes() : in.readNBytes(Integer.parseInt(length));
            }
        } catch (IOException e) {
            // Reset after the answer, while a refused body was still on its way.
        }
        return new Http.Answer(Integer.parseInt(status.split(" ")[1]), headers,
                new String(body, StandardCharsets.UTF_8));
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            line.write(c);
        }
        return line.toString(StandardCharsets.UTF_8).stripTrailing();
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
