package org.bookinfo.ratings.http;

import java.time.Duration;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
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
 * One connection: notes what it waits for, adds the date to its answers, and sees that "close" is heard. It is the first handler
 * in its pipeline and sees bytes as they come; {@link Messages} comes right before the server's own.
 */
final class GuardedConnection extends ChannelInboundHandlerAdapter {

    /** Who connects is about to send a request. */
    private static final long FIRST_BYTES_NANOS = Duration.ofMillis(100).toNanos();

    private final ChannelHandler decoder;
    private final Connections connections;
    private final Messages messages = new Messages();
    private ChannelHandlerContext context;
    private long opened;
    private int arrivedBytes;

    /**
     * These are written on the connection's event loop only, and read on the listener's too. The first is below zero while a
     * request is answered before its end has been seen.
     */
    private volatile int unanswered;
    private volatile boolean arriving;
    private volatile boolean failed;
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
        boolean mine = seen == 0 || unanswered > 0;
        if (mine || !arriving && seen == opened && System.nanoTime() - seen < FIRST_BYTES_NANOS) {
            return null;
        }
        return new Waiting(this, arriving, seen);
    }

    /** Whether the last answer was an error. */
    boolean failed() {
        return failed;
    }

    /** Closes the connection if it still waits for what it did, and for what is on its way out. */
    void closeIfStill(Waiting waiting, Runnable otherwise) {
        context.executor().execute(() -> {
            if (waiting.isStillSo()) {
                context.close();
            } else if (context.channel().isActive()) {
                otherwise.run();
            }
        });
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        ChannelPipeline pipeline = context.pipeline();
        if (pipeline.get("handler") instanceof VertxHandler<?> handler
                && handler.getConnection() instanceof HttpServerConnection connection) {
            connection.invalidRequestHandler(ErrorMappers::malformed);
            pipeline.replace("httpDecoder", "httpDecoder", decoder);
            pipeline.addBefore("handler", null, messages);
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
                context.close();
            }
        } else if (arrivedBytes > 0) {
            letGo();
        }
    }

    /** The server fails to close itself where a pipelined request, to which it has not come yet, is malformed. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.fireExceptionCaught(cause);
        context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        letGo();
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
            if (complete) {
                unanswered++;
            }
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
            if (message instanceof LastHttpContent && !interim) {
                answered();
            }
        }

        private void answered() {
            unanswered--;
            if (unanswered <= 0 && !arriving) {
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
