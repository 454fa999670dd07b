package org.bookinfo.ratings.http;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.channel.Channel;
import org.jboss.logging.Logger;

/**
 * The connections that are open. At the limit, a newcomer takes the place of the connection that has been idle longest. Where none
 * is idle, it takes the place of the one whose request has been arriving for longest. A request that is there is answered: where
 * every connection has one, newcomers wait in the kernel's queue until the first of them is answered.
 *
 * <p>Here connections are also closed that wait for their other side for too long: neither Quarkus nor Vert.x bounds more than
 * the time between two bytes.
 */
final class Connections {

    private static final Logger LOG = Logger.getLogger(Connections.class);

    /** Sidecars send headers in one piece, and 64 KB of a body take a second on the slowest of lines. */
    private static final Duration LONGEST_REQUEST = Duration.ofSeconds(10);

    /** How long answers may lie that the other side does not read. The kernel has taken a thousand by then. */
    private static final Duration LONGEST_UNREAD = Duration.ofSeconds(10);

    /**
     * How long a connection is kept whose last answer was an error: the unmodified {@code reviews} leaves these open. Who pools
     * them and sends just as this side closes loses a request that would most probably have got an error too.
     */
    private static final Duration IDLE_AFTER_ERROR = Duration.ofSeconds(10);

    /**
     * What requests may keep of the heap's 64 MB that are not there as a whole, or that are pipelined and not yet begun: 250 of the
     * longest ones, or 8,000 short ones.
     */
    private static final long MOST_REQUEST_BYTES = 16_000_000;

    /** What answers that are not read may keep: dozens of callers that read slowly. The kernel keeps a thousand answers for each. */
    private static final long MOST_UNREAD_BYTES = 4_000_000;

    private static final Duration BETWEEN_LOG_LINES = Duration.ofMinutes(1);

    /** To look through 4,000 connections takes about a millisecond, so what one look finds serves many newcomers. */
    private static final int FOUND_AT_ONCE = 256;
    private static final long PAUSE_MILLIS = 20;

    private final int limit;
    private final long idleNanos;
    private final Set<GuardedConnection> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger closing = new AtomicInteger();
    private final AtomicLong requestBytes = new AtomicLong();
    private final AtomicLong unreadBytes = new AtomicLong();

    /** The following belong to the listener's event loop. */
    private final Queue<Waiting> found = new ArrayDeque<>();
    private long foundAt;
    private boolean timed;
    private long logged = System.nanoTime() - BETWEEN_LOG_LINES.toNanos();

    /**
     * What a connection waits for: the rest of a request, or else the next one.
     *
     * @param since by {@link System#nanoTime()}
     */
    record Waiting(GuardedConnection connection, boolean arriving, long since) {

        static final Comparator<Waiting> FIRST_TO_CLOSE = Comparator.comparing(Waiting::arriving)
                .thenComparing(Waiting::since, (one, other) -> Long.signum(one - other));

        boolean isStillSo() {
            return equals(connection.waiting());
        }
    }

    Connections(int limit, Duration idle) {
        this.limit = limit;
        idleNanos = idle.toNanos();
    }

    /** Called on the listener's event loop, before the newcomer has read anything. */
    void admit(GuardedConnection newcomer, Channel listener) {
        if (!timed) {
            timed = true;
            listener.eventLoop().scheduleWithFixedDelay(this::closeOverdue, 1, 1, TimeUnit.SECONDS);
        }
        open.add(newcomer);
        if (open.size() > limit && listener.config().isAutoRead()) {
            log();
            makeRoom(listener);
        }
    }

    /**
     * Called for each part of a request that does not arrive in one piece, and for each request that has to wait for others.
     *
     * @param bytes below zero for what is kept no more
     * @return whether there is room for them
     */
    boolean keep(int bytes) {
        return requestBytes.addAndGet(bytes) <= MOST_REQUEST_BYTES;
    }

    /** The same for answers, beyond what the kernel keeps of them. */
    boolean keepUnread(long bytes) {
        return unreadBytes.addAndGet(bytes) <= MOST_UNREAD_BYTES;
    }

    void closed(GuardedConnection connection) {
        if (!open.remove(connection)) {
            closing.decrementAndGet();
        }
    }

    private void makeRoom(Channel listener) {
        while (open.size() > limit) {
            Waiting first = closing.get() < FOUND_AT_ONCE ? firstToClose() : null;
            if (first == null) {
                pause(listener);
                return;
            }
            if (open.remove(first.connection)) { // else it has just been closed
                closing.incrementAndGet();
                first.connection.closeIfStill(first, () -> {
                    open.add(first.connection);
                    closing.decrementAndGet();
                    listener.eventLoop().execute(() -> makeRoom(listener));
                });
            }
        }
    }

    /** Leaves newcomers to the kernel's queue for a moment. */
    private void pause(Channel listener) {
        if (listener.config().isAutoRead()) {
            listener.config().setAutoRead(false);
            listener.eventLoop().schedule(() -> {
                listener.config().setAutoRead(true);
                makeRoom(listener);
            }, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private Waiting firstToClose() {
        for (Waiting first = found.poll(); first != null; first = found.poll()) {
            // One that has become idle since would go before one that is arriving.
            boolean newer = first.arriving && System.nanoTime() - foundAt > TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS);
            if (!newer && open.contains(first.connection) && first.isStillSo()) {
                return first;
            }
        }
        foundAt = System.nanoTime();
        open.stream().map(GuardedConnection::waiting).filter(Objects::nonNull).sorted(Waiting.FIRST_TO_CLOSE)
                .limit(FOUND_AT_ONCE).forEach(found::add);
        return found.poll();
    }

    private void closeOverdue() {
        long now = System.nanoTime();
        for (GuardedConnection connection : open) {
            Waiting waiting = connection.waiting();
            if (waiting != null && now - waiting.since > patienceNanos(waiting)) {
                connection.closeIfStill(waiting, () -> {
                });
            }
        }
    }

    private long patienceNanos(Waiting waiting) {
        if (waiting.arriving) {
            return LONGEST_REQUEST.toNanos();
        }
        if (waiting.connection.unread()) {
            return LONGEST_UNREAD.toNanos();
        }
        return waiting.connection.failed() ? IDLE_AFTER_ERROR.toNanos() : idleNanos;
    }

    private void log() {
        long now = System.nanoTime();
        if (now - logged >= BETWEEN_LOG_LINES.toNanos()) {
            logged = now;
            LOG.warnf("%d connections are open: each newcomer takes the place of the one that has been idle longest",
                    limit);
        }
    }
}
