package org.bookinfo.ratings.testing;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A TCP proxy in front of a database that fails on demand, as networks, meshes and servers do.
 */
public final class FaultyProxy implements AutoCloseable {

    /** What happens to connections, to those that are open already and to new ones. */
    public enum Fault {
        /** None: bytes pass. */
        NONE,
        /** Nothing listens. */
        REFUSED,
        /** Accepted and closed before the first byte, as by a sidecar that blocks egress. */
        CLOSED,
        /** Accepted and reset. */
        RESET,
        /** Accepted, and never a byte. */
        SILENT,
        /** The server's greeting comes, and then nothing: neither side hears of the other any more. */
        SILENT_AFTER_GREETING,
        /** The server's greeting comes, then its side of TLS's hello, and then nothing. */
        SILENT_AFTER_HELLO,
        /** The server's greeting comes, and then the end. */
        CLOSED_AFTER_GREETING,
        /** TLS is agreed upon, and when the server speaks again, which is about the login, the connection ends. */
        CLOSED_AFTER_HELLO,
        /**
         * Bytes pass until the number that {@link #cutAfter} says has come from the server; then the connection ends.
         */
        CUT,
        /** From the server one byte a second. */
        DRIPPING,
        /** From the server one byte each 100 ms, so that no wait for a byte is ever long. */
        TRICKLING,
        /** The server's greeting comes after 10 s, as from one that looks up its clients' names in vain. */
        LATE_GREETING,
        /** Bytes pass, each way with a delay of 100 ms. */
        SLOW,
        /** Packets that ask for a connection get no answer at all. */
        DROPPED
    }

    /** The server greets, is asked for TLS, says its hello, and is told who wants to log in. */
    private static final int GREETING = 1;
    private static final int HELLO = 2;

    private static final Set<Fault> SILENT = EnumSet.of(Fault.SILENT, Fault.DROPPED, Fault.SILENT_AFTER_GREETING,
            Fault.SILENT_AFTER_HELLO);

    private final InetSocketAddress server;
    private final InetAddress source;
    private final InetAddress listenAddress;
    private final int listenPort;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Set<Socket> frozen = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger statements = new AtomicInteger();
    private final AtomicInteger dropped = new AtomicInteger();
    private final List<Closeable> backlog = new ArrayList<>();
    private volatile Fault fault = Fault.NONE;
    private volatile long cutAfter;
    private volatile long fromServer;
    private ServerSocket listener;

    public FaultyProxy(TestDatabase database) throws IOException {
        this(database, null);
    }

    /** @param source the address that the server sees, null for any */
    public FaultyProxy(TestDatabase database, InetAddress source) throws IOException {
        this(database, source, new InetSocketAddress(InetAddress.getLoopbackAddress(), Ports.free()));
    }

    /** @param listen the address that clients connect to */
    public FaultyProxy(TestDatabase database, InetAddress source, InetSocketAddress listen) throws IOException {
        this(new InetSocketAddress(database.host(), database.port()), source, listen);
    }

    /** In front of any server. */
    public FaultyProxy(InetSocketAddress server, InetAddress source, InetSocketAddress listen) throws IOException {
        this.server = server;
        this.source = source;
        listenAddress = listen.getAddress();
        listenPort = listen.getPort();
        listener = listen(200);
        accept(listener);
    }

    public String address() {
        return listenAddress.getHostAddress();
    }

    public int port() {
        return listenPort;
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

    /** Sets the number of bytes for {@link Fault#CUT}. */
    public void cutAfter(long bytes) {
        cutAfter = bytes;
    }

    /** Lets the fault happen from now on; connections that are open end the way that the fault ends them. */
    public synchronized void set(Fault next) {
        Fault last = fault;
        fault = next;
        try {
            boolean listens = next != Fault.REFUSED && next != Fault.DROPPED;
            boolean listened = last != Fault.REFUSED && last != Fault.DROPPED;
            if (!listens) {
                listener.close();
            }
            for (Closeable socket : backlog) {
                socket.close();
            }
            backlog.clear();
            if (next == Fault.DROPPED) {
                fillBacklog();
            } else if (listens && !listened) {
                listener = listen(200);
                accept(listener);
            }
            if (!SILENT.contains(next)) {
                // A silent fault is silent about connections that are open, too; and so is its end.
                closeOpen(next == Fault.RESET);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets the fault happen to new connections only; the open ones stay in the fault that they are in. */
    public synchronized void setForNew(Fault next) {
        fault = next;
        frozen.addAll(open);
    }

    /** How many times bytes were swallowed by a silent fault. */
    public int dropped() {
        return dropped.get();
    }

    /** Ends the connections that are open; new ones are served as before. */
    public void closeOpen() {
        closeOpen(false);
    }

    private void closeOpen(boolean reset) {
        for (Socket socket : open) {
            end(socket, reset);
        }
    }

    private ServerSocket listen(int backlog) throws IOException {
        for (int tries = 0;; tries++) {
            ServerSocket socket = new ServerSocket();
            try {
                socket.setReuseAddress(true);
                socket.bind(new InetSocketAddress(listenAddress, listenPort), backlog);
                return socket;
            } catch (BindException e) {
                socket.close();
                if (tries == 100) {
                    throw e;
                }
                pause(20); // a listener that was just closed holds the port until its accept has returned
            }
        }
    }

    private static void pause(long millis) throws IOException {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    /** Linux drops the packets that ask for a connection while a listener's queue is full. */
    private void fillBacklog() throws IOException {
        listener = listen(1);
        backlog.add(listener);
        for (int i = 0; i < 4; i++) {
            Socket socket = new Socket();
            backlog.add(socket);
            try {
                socket.connect(new InetSocketAddress(listenAddress, listenPort), 200);
            } catch (IOException e) {
                return; // it is full
            }
        }
    }

    private void accept(ServerSocket from) {
        start("accept", () -> {
            while (true) {
                Socket client = from.accept();
                accepted.incrementAndGet();
                synchronized (this) { // a fault that begins just now finds it among the open ones, or ends it here
                    if (EnumSet.of(Fault.CLOSED, Fault.RESET, Fault.REFUSED, Fault.DROPPED).contains(fault)) {
                        end(client, fault == Fault.RESET);
                        continue;
                    }
                    open.add(client);
                }
                serve(client);
            }
        });
    }

    private void serve(Socket client) throws IOException {
        if (fault == Fault.SILENT) {
            Socket nobody = new Socket();
            open.add(nobody);
            start("silent", () -> copy(client, nobody, false, new Turns()));
            return;
        }
        Socket server;
        try {
            server = new Socket(this.server.getAddress(), this.server.getPort(), source, 0);
        } catch (IOException e) {
            end(client, false);
            return;
        }
        synchronized (this) {
            if (!open.contains(client)) {
                server.close(); // a fault has ended the client meanwhile
                return;
            }
            open.add(server);
        }
        fromServer = 0;
        Turns turns = new Turns();
        start("up", () -> copy(client, server, false, turns));
        start("down", () -> copy(server, client, true, turns));
    }

    private void copy(Socket from, Socket to, boolean down, Turns turns) throws IOException {
        byte[] bytes = new byte[8192];
        long passed = 0;
        try {
            InputStream in = from.getInputStream();
            for (int count; (count = in.read(bytes)) >= 0;) {
                if (!down) {
                    statements.incrementAndGet();
                }
                Fault now = fault;
                int turn = turns.next(down);
                if (now == Fault.CLOSED_AFTER_HELLO && down && turn > HELLO) {
                    return;
                }
                if (frozen.contains(from) || now == Fault.SILENT || now == Fault.DROPPED
                        || now == Fault.SILENT_AFTER_GREETING && !(down && turn == GREETING)
                        || now == Fault.SILENT_AFTER_HELLO && down && turn > HELLO) {
                    dropped.incrementAndGet();
                    continue; // and read on, so that the end of the connection is seen
                }
                if (now == Fault.SLOW || now == Fault.LATE_GREETING && down && passed == 0) {
                    pause(now == Fault.SLOW ? 100 : 10_000);
                }
                OutputStream out = to.getOutputStream();
                if (down && now == Fault.CUT && passed + count > cutAfter) {
                    out.write(bytes, 0, (int) Math.max(0, cutAfter - passed));
                    out.flush();
                    return;
                }
                passed += count;
                if (down) {
                    fromServer = passed; // before a test can see the answer
                }
                if (down && (now == Fault.DRIPPING || now == Fault.TRICKLING)) {
                    drip(bytes, count, out, now);
                } else {
                    out.write(bytes, 0, count);
                }
                if (now == Fault.CLOSED_AFTER_GREETING) {
                    return;
                }
            }
        } finally {
            end(from, false);
            end(to, false);
        }
    }

    /** Counts how often the server has spoken, the client having spoken in between. */
    private static final class Turns {
        private int server;
        private boolean serverWasLast;

        /** @return the number of the server's turn that is on, or was last */
        synchronized int next(boolean fromServer) {
            if (fromServer && !serverWasLast) {
                server++;
            }
            serverWasLast = fromServer;
            return server;
        }
    }

    private void drip(byte[] bytes, int count, OutputStream out, Fault dripping) throws IOException {
        for (int i = 0; i < count; i++) {
            out.write(bytes[i]);
            out.flush();
            pause(dripping == Fault.DRIPPING ? 1000 : 100);
        }
    }

    private void end(Socket socket, boolean reset) {
        open.remove(socket);
        frozen.remove(socket);
        try {
            if (reset) {
                socket.setSoLinger(true, 0);
            }
            socket.close();
        } catch (IOException e) {
            // It is closed already.
        }
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void start(String name, Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException e) {
                // The other side went, or the listener was closed: that is what ends these threads.
            }
        }, "proxy-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        set(Fault.NONE);
        listener.close();
        closeOpen();
    }
}
