package org.bookinfo.ratings.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Free ports of loopback for servers that listen on a given port, also after a restart. They are outside the range
 * from which the kernel takes ports of its own choice, as it may give such a port to another process before the server
 * listens. Each test process begins elsewhere in the range.
 */
public final class Ports {

    private static final int FIRST = 15_000;

    /** Linux chooses from 32768 on, other systems from 49152 on. */
    private static final int LAST = 32_767;

    private static final AtomicInteger NEXT = new AtomicInteger(ThreadLocalRandom.current().nextInt(FIRST, LAST + 1));

    private Ports() {
    }

    /** A port on which nobody listens, and which no other caller gets. */
    public static int free() {
        while (true) {
            int port = NEXT.getAndUpdate(last -> last == LAST ? FIRST : last + 1);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException e) {
                continue; // it is in use
            }
        }
    }
}
