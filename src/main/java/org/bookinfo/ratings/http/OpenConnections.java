package org.bookinfo.ratings.http;

import java.time.Duration;
import java.util.Comparator;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import io.netty.channel.Channel;
import org.jboss.logging.Logger;

/**
 * Limits the number of open connections. At the limit, those that have waited longest for their clients are closed, so
 * that new clients and probes are always served. Where every connection has a request to answer, new ones wait in the
 * kernel's queue.
 */
final class OpenConnections {

    private static final Logger LOG = Logger.getLogger(OpenConnections.class);

    /** The first bytes of a new connection may take this long, also where the processors are busy. */
    private static final Duration GRACE = Duration.ofMillis(250);

    private static final long PAUSE_MILLIS = 20;
    private static final Duration BETWEEN_LOG_LINES = Duration.ofMinutes(1);

    private final int limit;
    private final Set<ConnectionHandler> open = ConcurrentHashMap.newKeySet();
    private long logged = System.nanoTime() - BETWEEN_LOG_LINES.toNanos();

    OpenConnections(int limit) {
        this.limit = limit;
    }

    /** Called on the listener's event loop. */
    void add(ConnectionHandler connection, Channel channel) {
        open.add(connection);
        channel.closeFuture().addListener(closed -> open.remove(connection));
        Channel listener = channel.parent();
        if (open.size() >= limit && listener.config().isAutoRead()) {
            listener.config().setAutoRead(false);
            log();
            makeRoom(listener);
        }
    }

    private void makeRoom(Channel listener) {
        if (open.size() < limit) {
            listener.config().setAutoRead(true);
        } else {
            NavigableMap<Duration, ConnectionHandler> byWait = new TreeMap<>(Comparator.reverseOrder());
            open.forEach(connection -> byWait.put(connection.clientWait(), connection));
            byWait.headMap(GRACE).values().stream().limit(1 + limit / 4)
                    .forEach(connection -> connection.closeAfter(GRACE));
            listener.eventLoop().schedule(() -> makeRoom(listener), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void log() {
        long now = System.nanoTime();
        if (now - logged >= BETWEEN_LOG_LINES.toNanos()) {
            logged = now;
            LOG.warnf("%d connections are open: new ones replace those that have waited longest for their clients",
                    limit);
        }
    }
}
