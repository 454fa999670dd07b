package org.bookinfo.ratings.database;

import java.net.Socket;
import java.util.function.Consumer;

import com.mysql.cj.conf.PropertySet;
import com.mysql.cj.protocol.StandardSocketFactory;
import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * Opens the driver's sockets and hands each to the thread that opens it, where that thread wants it: closing a socket is
 * the one way to end every wait for the database.
 *
 * <p>The driver's own timeouts bound each wait for a byte, not their sum: a server that sends a byte now and then holds a
 * login for minutes, and a connection that is still logging in cannot be aborted through JDBC.
 *
 * <p>The driver creates an instance for each connection by this class's name, given in its property
 * {@code socketFactory}; hence public. In tests its class loader is not the application's but the parent of that, so the
 * two sides meet in types of the JDK: the thread is a {@code Consumer<Socket>}.
 */
@RegisterForReflection
public final class DatabaseSockets extends StandardSocketFactory {

    @Override
    protected Socket createSocket(PropertySet properties) {
        Socket socket = super.createSocket(properties);
        if (Thread.currentThread() instanceof Consumer<?> thread) {
            @SuppressWarnings("unchecked") // see above
            Consumer<Socket> owner = (Consumer<Socket>) thread;
            owner.accept(socket);
        }
        return socket;
    }
}
