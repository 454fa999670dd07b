package org.bookinfo.ratings.http;

import java.time.Duration;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.http.impl.HttpServerConnection;
import io.vertx.core.net.impl.VertxHandler;
import org.bookinfo.ratings.ErrorMappers;
import org.bookinfo.ratings.http.Connections.Waiting;

/**
 * One connection: notes what it waits for, bounds what it keeps, adds the date to its answers, and sees that "close" is heard. It
 * is the first handler in its pipeline and sees bytes as they come; {@link Messages} sees what they mean, then come
 * {@link PipelinedRequests} and the server's own.
 */
final class GuardedConnection extends ChannelInboundHandlerAdapter {

    /** Who connects is about to send a request. */
    private static final long FIRST_BYTES_NANOS = Duration.ofMillis(100).toNanos();

    /** How many bytes of pipelined requests may wait before it is read no further: some 60 short requests. */
    private static final int MOST_QUEUED_BYTES = 128 * 1024;

    private final ChannelHandler decoder;
    private final Connections connections;
    private final Messages messages = new Messages();
    private final PipelinedRequests requests = new PipelinedRequests(this);
    private ChannelHandlerContext context;
    private long opened;
    private int arrivedBytes;
    private long unreadBytes;
    private boolean paused;

    /** These are written on the connection's event loop only, and read on the listener's too. */
    private volatile int queuedBytes;
    private volatile boolean arriving;
    private volatile boolean failed;
    private volatile boolean unread;
    private volatile long since;

    /** @param decoder takes the place of the server's decoder of requests */
    GuardedConnection(ChannelHandler decoder, Connections connections) {
        this.decoder = decoder;
        this.connections = connections;
    }

    /**
     * What the connection waits for, as seen by any thread.
     *
     * @return null while it is this side's turn: it has not come to the connection yet, or a request has arrived and is not
     *         answered yet
     */
    Waiting waiting() {
        long seen = since;
        boolean mine = seen == 0 || requests.unanswered() || queuedBytes > 0 && !unread;
        if (mine || !arriving && seen == opened && System.nanoTime() - seen < FIRST_BYTES_NANOS) {
            return null;
        }
        return new Waiting(this, arriving, seen);
    }

    /** Whether answers wait for the other side to read what came before them. */
    boolean unread() {
        return unread;
    }

    /** Whether the last answer was an error. */
    boolean failed() {
        return failed;
    }

    /** Closes the connection if it still waits for what it did, and for what is on its way out. */
    void closeIfStill(Waiting waiting, Runnable otherwise) {
        context.executor().execute(() -> {
            if (waiting.isStillSo()) {
                close();
            } else if (context.channel().isActive()) {
                otherwise.run();
            }
        });
    }

    /** What is unread goes with it: the kernel would keep some megabytes of it for minutes. */
    private void close() {
        if (unread) {
            context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
        }
        context.close();
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        ChannelPipeline pipeline = context.pipeline();
        if (pipeline.get("handler") instanceof VertxHandler<?> handler
                && handler.getConnection() instanceof HttpServerConnection connection) {
            connection.invalidRequestHandler(ErrorMappers::malformed);
            pipeline.replace("httpDecoder", "httpDecoder", decoder);
            pipeline.addBefore("handler", null, messages);
            pipeline.addBefore("handler", null, requests);
        }
        this.context = context;
        opened = System.nanoTime();
        since = opened;
        context.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object bytes) {
        int size = ((ByteBuf) bytes).readableBytes();
        messages.complete = false;
        context.fireChannelRead(bytes); // decodes all that can be decoded
        if (messages.complete == arriving) {
            since = System.nanoTime();
            arriving = !arriving;
        }
        if (arriving) {
            arrivedBytes += size;
            if (!connections.keep(size)) {
                close();
            }
        } else if (arrivedBytes > 0) {
            letGo();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        unread = !context.channel().isWritable();
        pause();
        keepUnread();
        context.fireChannelWritabilityChanged();
    }

    /** Reads no more of who leaves the answers unread, or asks much faster than is answered. */
    private void pause() {
        if (paused != (unread || queuedBytes > MOST_QUEUED_BYTES)) {
            paused = !paused;
            context.channel().config().setAutoRead(!paused);
        }
    }

    /** Called for each part of a request that has to wait for others, and with less than zero when it need not any more. */
    void queued(int bytes) {
        queuedBytes += bytes;
        pause();
        if (!connections.keep(bytes) && bytes > 0) {
            close();
        }
    }

    private void keepUnread() {
        if (context.channel().isOpen()) { // else the number has no meaning
            long more = context.channel().bytesBeforeWritable() - unreadBytes;
            unreadBytes += more;
            if (!connections.keepUnread(more) && more > 0) {
                close();
            }
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        letGo();
        connections.keepUnread(-unreadBytes);
        unreadBytes = 0;
        connections.closed(this);
        context.fireChannelInactive();
    }

    private void letGo() {
        connections.keep(-arrivedBytes);
        arrivedBytes = 0;
    }

    /** Sees what the bytes mean, and the answers. */
    private final class Messages extends ChannelDuplexHandler {

        private boolean complete;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            complete = message instanceof LastHttpContent;
            if (message instanceof DefaultHttpRequest request
                    && request.headers().contains(HttpHeaderNames.CONNECTION) && !HttpUtil.isKeepAlive(request)) {
                // The server looks for a header that says "close" and nothing else.
                request.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            }
            context.fireChannelRead(message);
        }

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            boolean interim = false;
            if (message instanceof HttpResponse answer) {
                int status = answer.status().code();
                interim = status < 200;
                if (!interim) {
                    answer.headers().set(HttpHeaderNames.DATE, HttpDate.now());
                }
                if (failed != status >= 400) {
                    failed = !failed;
                }
            }
            context.write(message, promise);
            if (unread) {
                keepUnread();
            }
            if (message instanceof LastHttpContent && !interim && !requests.unanswered() && !arriving) {
                since = System.nanoTime();
            }
        }

        /** The server closes without sending what it has just answered, where it is the end of a body that is malformed. */
        @Override
        public void close(ChannelHandlerContext context, ChannelPromise promise) {
            context.flush();
            context.close(promise);
        }
    }
}
