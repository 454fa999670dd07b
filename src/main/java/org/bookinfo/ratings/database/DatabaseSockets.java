package org.bookinfo.ratings.database;

import java.io.Closeable;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

import com.mysql.cj.conf.PropertySet;
import com.mysql.cj.protocol.StandardSocketFactory;
import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * Opens the driver's sockets and hands each to the thread that opens it, where that thread wants it. Closing a socket is the
 * one way to end every wait for the database; and a socket knows, unlike the driver's exceptions, whether the server has
 * greeted this side.
 *
 * <p>Of a host's addresses, each attempt begins with the one at which the last one ended, or with the next one if the last read
 * failed. The driver itself goes on to the next one only where a connection is refused. Behind a sidecar, which accepts each, it
 * never would; nor where packets are dropped.
 *
 * <p>The driver's own timeouts bound each wait for a byte, not their sum: a server that sends a byte now and then holds a
 * login for minutes, and a connection that is still logging in cannot be aborted through JDBC.
 *
 * <p>The driver creates an instance for each connection by this class's name, given in its property
 * {@code socketFactory}; hence public. In tests its class loader is not the application's but the parent of that, so the
 * two sides meet in types of the JDK: the thread is a {@code Consumer<Socket>}, and supplies whether the last read failed; the
 * socket is a {@code BooleanSupplier}.
 */
@RegisterForReflection
public final class DatabaseSockets extends StandardSocketFactory {

    /** Where the last attempt ended. */
    private static volatile InetAddress last;

    @Override
    public <T extends Closeable> T connect(String host, int port, PropertySet properties, int loginTimeout)
            throws IOException {
        IOException refused = null;
        for (InetAddress address : addresses(host)) {
            last = address;
            try {
                return super.connect(address.getHostAddress(), port, properties, loginTimeout);
            } catch (ConnectException | NoRouteToHostException e) { // at once, so there is time for another one
                refused = e;
            }
        }
        throw refused;
    }

    private static List<InetAddress> addresses(String host) throws UnknownHostException {
        List<InetAddress> addresses = Arrays.asList(InetAddress.getAllByName(host));
        int first = addresses.indexOf(last);
        if (first >= 0) {
            boolean failed = Thread.currentThread() instanceof BooleanSupplier thread && thread.getAsBoolean();
            Collections.rotate(addresses, -(failed ? first + 1 : first));
        }
        return addresses;
    }

    @Override
    protected Socket createSocket(PropertySet properties) {
        Socket socket = new GreetedSocket();
        if (Thread.currentThread() instanceof Consumer<?> thread) {
            @SuppressWarnings("unchecked") // see above
            Consumer<Socket> owner = (Consumer<Socket>) thread;
            owner.accept(socket);
        }
        return socket;
    }

    /** Supplies whether a byte has arrived: in MySQL's protocol the server speaks first. */
    private static final class GreetedSocket extends Socket implements BooleanSupplier {

        private volatile boolean greeted;

        @Override
        public boolean getAsBoolean() {
            return greeted;
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new FilterInputStream(super.getInputStream()) {
                @Override
                public int read() throws IOException {
                    return noting(super.read());
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    return noting(super.read(bytes, offset, length));
                }

                /** @param read what a read returned: less than 0 at the end of the stream */
                private int noting(int read) {
                    if (!greeted && read >= 0) {
                        greeted = true;
                    }
                    return read;
                }
            };
        }
    }
}
