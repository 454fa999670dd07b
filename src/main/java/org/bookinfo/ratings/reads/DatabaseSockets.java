package org.bookinfo.ratings.reads;

import java.io.Closeable;
import java.io.EOFException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

import com.mysql.cj.conf.PropertySet;
import com.mysql.cj.protocol.StandardSocketFactory;
import io.quarkus.runtime.annotations.RegisterForReflection;
import org.bookinfo.ratings.diagnosis.Phase;

/**
 * Opens the driver's sockets and reports their progress to the thread that logs in. A socket knows, unlike the driver's
 * exceptions, whether the server has greeted this side; and only closing it ends a login: JDBC cannot abort one, and
 * the driver's timeouts bound each wait for a byte, not their sum.
 *
 * <p>The driver alone goes on to a host's next address only if a connection is refused. Behind a sidecar, which accepts
 * every connection, it would never leave the first address.
 *
 * <p>The driver creates an instance for each connection, by the name of this class; hence public. In tests, a parent of
 * the application's class loader loads it, so the two sides share only types of the JDK: the thread is a {@code
 * BiConsumer<String, Socket>} of phases, and a {@code BooleanSupplier} of whether to try the next address.
 */
@RegisterForReflection
public final class DatabaseSockets extends StandardSocketFactory {

    /** The address that the last attempt used. */
    private static volatile InetAddress last;

    @SuppressWarnings("unchecked") // see above
    private final BiConsumer<String, Socket> progress = (BiConsumer<String, Socket>) Thread.currentThread();
    private final boolean tryNextAddress = ((BooleanSupplier) Thread.currentThread()).getAsBoolean();

    @Override
    public <T extends Closeable> T connect(String host, int port, PropertySet properties, int loginTimeout)
            throws IOException {
        report(Phase.LOOKUP);
        IOException refused = null;
        for (InetAddress address : addresses(host)) {
            last = address;
            try {
                T socket = super.connect(address.getHostAddress(), port, properties, loginTimeout);
                report(Phase.ACCEPTED);
                ((ReportingSocket) rawSocket).awaitGreeting();
                return socket;
            } catch (ConnectException | NoRouteToHostException e) { // at once, so there is time for another address
                refused = e;
            }
        }
        throw refused;
    }

    private List<InetAddress> addresses(String host) throws UnknownHostException {
        List<InetAddress> addresses = Arrays.asList(InetAddress.getAllByName(host));
        int first = addresses.indexOf(last);
        if (first >= 0) {
            Collections.rotate(addresses, -(tryNextAddress ? first + 1 : first));
        }
        return addresses;
    }

    @Override
    protected Socket createSocket(PropertySet properties) {
        Socket socket = new ReportingSocket();
        progress.accept(Phase.CONNECTING.name(), socket);
        return socket;
    }

    private void report(Phase phase) {
        progress.accept(phase.name(), null);
    }

    /** Reports the first byte from the server, and the first answer to it. */
    private final class ReportingSocket extends Socket {

        private PushbackInputStream fromServer;
        private boolean answered;

        /** In MySQL's protocol, the server speaks first. */
        void awaitGreeting() throws IOException {
            fromServer = new PushbackInputStream(super.getInputStream());
            int first = fromServer.read();
            if (first < 0) {
                throw new EOFException("The connection was closed before the greeting");
            }
            report(Phase.GREETED);
            fromServer.unread(first);
        }

        @Override
        public InputStream getInputStream() {
            return fromServer;
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            return new FilterOutputStream(super.getOutputStream()) {

                @Override
                public void write(byte[] bytes, int offset, int length) throws IOException {
                    if (!answered) {
                        answered = true;
                        report(Phase.LOGIN);
                    }
                    out.write(bytes, offset, length);
                }
            };
        }
    }
}
