package org.bookinfo.ratings.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * A client that sends exactly what it is told, which may be no valid request: one connection for each.
 */
public final class Http {

    /** The answer to {@code GET /ratings/0} with the rows of sql/schema.sql. */
    public static final String GOOD = "200 {\"id\":0,\"ratings\":{\"Reviewer1\":5,\"Reviewer2\":4}}";

    private static final int LONGEST_WAIT_MILLIS = 20_000;

    private final URI service;

    public Http(URI service) {
        this.service = service;
    }

    /**
     * @param headers by name, in lower case
     */
    public record Answer(int status, Map<String, String> headers, String body) {

        public String contentType() {
            return headers.getOrDefault("content-type", "");
        }

        /** Status and body, for comparison at one glance. */
        public String summary() {
            return status + " " + body;
        }
    }

    public Answer get(String path, String... headers) {
        return send("GET", path, null, headers);
    }

    /**
     * @param body null for none, and for no Content-Length either
     * @param headers lines such as {@code Accept: text/html}
     */
    public Answer send(String method, String path, byte[] body, String... headers) {
        StringBuilder request = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: ratings\r\n");
        for (String header : headers) {
            request.append(header).append("\r\n");
        }
        if (body != null) {
            request.append("Content-Length: ").append(body.length).append("\r\n");
        }
        request.append("Connection: close\r\n\r\n");
        return exchange(request.toString().getBytes(StandardCharsets.UTF_8), body == null ? new byte[0] : body);
    }

    /** A connection on which nothing has been sent yet. */
    public Socket open() throws IOException {
        Socket socket = new Socket(service.getHost(), service.getPort());
        socket.setSoTimeout(LONGEST_WAIT_MILLIS);
        return socket;
    }

    /** Sends the bytes as they are and reads the answer. */
    public Answer exchange(byte[] head, byte[] body) {
        try (Socket socket = open()) {
            Thread writer = new Thread(() -> {
                try {
                    socket.getOutputStream().write(head);
                    socket.getOutputStream().write(body);
                    socket.getOutputStream().flush();
                } catch (IOException e) {
                    // Refused in the middle of the body: the answer tells.
                }
            });
            writer.start();
            return read(socket.getInputStream());
        } catch (IOException e) {
            throw new AssertionError("No answer", e);
        }
    }

    public static Answer read(InputStream in) throws IOException {
        return read(in, false);
    }

    /** @param head whether it answers a HEAD, and thus has no body whatever its Content-Length */
    public static Answer read(InputStream in, boolean head) throws IOException {
        String status = line(in);
        if (status.isEmpty()) {
            throw new IOException("The connection ended without an answer");
        }
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon).toLowerCase(), line.substring(colon + 1).trim());
        }
        byte[] body;
        try {
            String length = headers.get("content-length");
            body = head || status.contains(" 100 ")
                    ? new byte[0]
                    : length == null ? in.readAllBytes() : in.readNBytes(Integer.parseInt(length));
        } catch (IOException e) {
            body = new byte[0]; // reset after the answer, while a refused body was still on its way
        }
        return new Answer(Integer.parseInt(status.split(" ")[1]), headers, new String(body, StandardCharsets.UTF_8));
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            if (c != '\r') {
                line.write(c);
            }
        }
        return line.toString(StandardCharsets.UTF_8);
    }
}
