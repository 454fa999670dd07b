package org.bookinfo.ratings.testing;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

import static org.bookinfo.ratings.testing.FaultyProxy.Fault.CLOSED;
import static org.bookinfo.ratings.testing.FaultyProxy.Fault.DROPPED;
import static org.bookinfo.ratings.testing.FaultyProxy.Fault.REFUSED;
import static org.bookinfo.ratings.testing.FaultyProxy.Fault.RESET;

/**
 * A TCP proxy in front of a database that fails on demand, as networks, meshes and servers do.
 */
public final class FaultyProxy implements AutoCloseable {

    /** What happens to connections, to those that are open already and to new ones. */
    public enum Fault {
        NONE,
        REFUSED,
        /** Accepted and closed before the first byte, as by a sidecar that blocks egress. */
        CLOSED,
        RESET,
        /** Accepted, and never a byte. */
        SILENT,
        /** The server's greeting passes, then nothing in either direction. */
        SILENT_AFTER_GREETING,
        /** The server's greeting and its TLS hello pass, then nothing more from the server. */
        SILENT_AFTER_HELLO,
        /** The server's greeting passes, then the connection ends. */
        CLOSED_AFTER_GREETING,
        /** TLS is established. The connection ends when the server speaks again, which is about the login. */
        CLOSED_AFTER_HELLO,
        /** The connection ends after the number of bytes from the server that {@link #cutAfter} sets. */
        CUT,
        /** One byte each 100 ms from the server, so that no wait for a byte is long. */
        TRICKLING,
        /** The greeting passes after 8 s, as from a server whose DNS is silent. After 10 s, MariaDB ends the login. */
        LATE_GREETING,
        /** Bytes pass, with a delay of 100 ms in each direction. */
        SLOW,
        /** Packets that ask for a connection get no response. */
        DROPPED
    }

    private static final Set<Fault> NOT_LISTENING = EnumSet.of(REFUSED, DROPPED);
    private static final Set<Fault> ENDING = EnumSet.of(CLOSED, RESET, REFUSED, DROPPED);

    /** They are silent on open connections, too; and so is their end. */
    private static final Set<Fault> SILENT = EnumSet.of(Fault.SILENT, DROPPED, Fault.SILENT_AFTER_GREETING,
            Fault.SILENT_AFTER_HELLO);

    /** Turns of a connection: server and client speak alternately, and the server begins. */
    private static final int GREETING = 1;
    private static final int HELLO = 3;

    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "proxy");
        thread.setDaemon(true);
        return thread;
    });
    private final InetSocketAddress server;
    private final InetAddress source;
    private final InetSocketAddress address;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Set<Socket> frozen = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger statements = new AtomicInteger();
    private final AtomicInteger dropped = new AtomicInteger();
    private final List<Closeable> backlog = new ArrayList<>();
    private volatile Fault fault = REFUSED;
    private volatile long cutAfter;
    private volatile long fromServer;
    private ServerSocket listener;

    public FaultyProxy(TestDatabase database) {
        this(new InetSocketAddress(database.host(), database.port()), null,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Ports.free()));
    }

    /**
     * @param source the address that the server sees, null for any
     * @param listen the address that clients connect to
     */
    public FaultyProxy(InetSocketAddress server, InetAddress source, InetSocketAddress listen) {
        this.server = server;
        this.source = source;
        address = listen;
        set(Fault.NONE);
    }

    public String address() {
        return address.getAddress().getHostAddress();
    }

    public int port() {
        return address.getPort();
    }

    /** How many connections were accepted so far. */
    public int accepted() {
        return accepted.get();
    }

    /** How many statements went to the server so far: the driver sends each in one piece, and waits for its result. */
    public int statements() {
        return statements.get();
    }

    /** How many connections to the server are open. */
    public int connections() {
        return open.size() / 2;
    }

    /** How many bytes the server has sent on the connection that was accepted last. */
    public long fromServer() {
        return fromServer;
    }

    /** How many times a silent fault swallowed bytes. */
    public int dropped() {
        return dropped.get();
    }

    /** Sets the number of bytes for {@link Fault#CUT}. */
    public void cutAfter(long bytes) {
        cutAfter = bytes;
    }

    /** Begins a fault; connections that are open end the way that the fault ends them. */
    public synchronized void set(Fault next) {
        Fault last = fault;
        fault = next;
        try {
            if (NOT_LISTENING.contains(next)) {
                listener.close();
            }
            for (Closeable socket : backlog) {
                socket.close();
            }
            backlog.clear();
            if (next == DROPPED) {
                fillBacklog();
            } else if (NOT_LISTENING.contains(last) && next != REFUSED) {
                listen();
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
        if (!SILENT.contains(next)) {
            closeOpen();
        }
    }

    /** Begins a fault for new connections only; the open ones stay in the fault that they are in. */
    public synchronized void setForNew(Fault next) {
        fault = next;
        frozen.addAll(open);
    }

    /** Ends the fault, if there is one. */
    public void restore() {
        if (fault != Fault.NONE || !frozen.isEmpty()) {
            set(Fault.NONE);
        }
    }

    /** Ends the connections that are open; new ones are served as before. */
    public void closeOpen() {
        open.forEach(this::end);
    }

    private void listen() throws IOException, InterruptedException {
        listener = bind(200);
        ServerSocket current = listener;
        start(() -> {
            while (true) {
                accept(current.accept());
            }
        });
    }

    private ServerSocket bind(int backlog) throws IOException, InterruptedException {
        for (int tries = 0;; tries++) {
            ServerSocket socket = new ServerSocket();
            try {
                socket.setReuseAddress(true);
                socket.bind(address, backlog);
                return socket;
            } catch (BindException e) {
                socket.close();
                if (tries == 100) {
                    throw e;
                }
                Thread.sleep(20); // a listener that was just closed holds the port until its accept has returned
            }
        }
    }

    /** Linux drops the packets that ask for a connection while a listener's queue is full. */
    private void fillBacklog() throws IOException, InterruptedException {
        listener = bind(1);
        backlog.add(listener);
        for (int i = 0; i < 4; i++) {
            Socket socket = new Socket();
            backlog.add(socket);
            try {
                socket.connect(address, 200);
            } catch (IOException e) {
                return; // the queue is full
            }
        }
    }

    private void accept(Socket client) {
        accepted.incrementAndGet();
        synchronized (this) { // a fault that begins just now finds it among the open ones, or ends it here
            if (ENDING.contains(fault)) {
                end(client);
                return;
            }
            open.add(client);
        }
        AtomicInteger turn = new AtomicInteger();
        start(() -> {
            Socket server = fault == Fault.SILENT ? new Socket() : connect(client);
            synchronized (this) {
                if (!open.contains(client)) {
                    server.close(); // a fault has ended the client meanwhile
                    return null;
                }
                open.add(server);
            }
            fromServer = 0;
            if (server.isConnected()) {
                start(() -> copy(server, client, true, turn));
            }
            return copy(client, server, false, turn);
        });
    }

    private Socket connect(Socket client) throws IOException {
        try {
            return new Socket(server.getAddress(), server.getPort(), source, 0);
        } catch (IOException e) {
            end(client);
            throw e;
        }
    }

    private Void copy(Socket from, Socket to, boolean down, AtomicInteger turns) throws Exception {
        byte[] bytes = new byte[8192];
        long passed = 0;
        try {
            for (int count; (count = from.getInputStream().read(bytes)) >= 0;) {
                if (!down) {
                    statements.incrementAndGet();
                }
                Fault now = fault;
                int turn = turns.updateAndGet(last -> down == (last % 2 == 1) ? last : last + 1);
                if (now == Fault.CLOSED_AFTER_HELLO && down && turn > HELLO) {
                    return null;
                }
                if (frozen.contains(from) || now == Fault.SILENT || now == DROPPED
                        || now == Fault.SILENT_AFTER_GREETING && turn > GREETING
                        || now == Fault.SILENT_AFTER_HELLO && down && turn > HELLO) {
                    dropped.incrementAndGet();
                    continue; // and read on, so that the end of the connection is seen
                }
                if (now == Fault.SLOW || now == Fault.LATE_GREETING && down && passed == 0) {
                    Thread.sleep(now == Fault.SLOW ? 100 : 8_000);
                }
                OutputStream out = to.getOutputStream();
                if (down && now == Fault.CUT && passed + count > cutAfter) {
                    out.write(bytes, 0, (int) Math.max(0, cutAfter - passed));
                    return null;
                }
                passed += count;
                if (down) {
                    fromServer = passed; // before a test can see the answer
                }
                if (down && now == Fault.TRICKLING) {
                    for (int i = 0; i < count; i++) {
                        out.write(bytes[i]);
                        Thread.sleep(100);
                    }
                } else {
                    out.write(bytes, 0, count);
                }
                if (now == Fault.CLOSED_AFTER_GREETING) {
                    return null;
                }
            }
            return null;
        } finally {
            end(from);
            end(to);
        }
    }

    private void end(Socket socket) {
        open.remove(socket);
        frozen.remove(socket);
        try {
            socket.setSoLinger(fault == RESET, 0);
            socket.close();
        } catch (IOException e) {
            // It is closed already.
        }
    }

    /** Its failure is the end of a connection or of the listener. */
    private void start(Callable<Void> task) {
        threads.submit(task);
    }

    @Override
    public void close() {
        set(REFUSED);
        threads.shutdown();
    }
}
