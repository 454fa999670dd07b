package org.bookinfo.ratings.http;

import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;

/**
 * Follows the requests and responses of a connection, and closes a connection that waits for its client for too long:
 * Quarkus and Vert.x limit only the time between two bytes.
 */
final class ConnectionHandler extends ChannelDuplexHandler {

    /**
     * The limit while a request arrives, while responses are unread, and after an error. Sidecars send headers in one
     * piece, and 64 KB of a body take a second on a slow line. Bookinfo's {@code reviews} leaves a connection open
     * after each error.
     */
    private static final Duration SHORT_TIMEOUT = Duration.ofSeconds(10);

    private static final long OUR_TURN = 0;

    private final RequestDecoder decoder;
    private final Duration idleTimeout;
    private ChannelHandlerContext context;
    private ScheduledFuture<?> check;
    private int reads;
    private boolean arriving;
    private boolean failed;
    private boolean answered;
    private boolean inputEnded;

    /** Vert.x closes the connection after the response, once that is sent, and answers no request after it. */
    private boolean last;

    private boolean resuming;

    /**
     * When the wait for the client began, by {@link System#nanoTime()}. Written on the connection's event loop only.
     */
    private volatile long waitingSince = OUR_TURN;

    ConnectionHandler(RequestDecoder decoder, Duration idleTimeout) {
        this.decoder = decoder;
        this.idleTimeout = idleTimeout;
    }

    /**
     * How long the connection has waited for its client, as any thread sees it; 0 while the service has a request to
     * answer.
     */
    Duration clientWait() {
        long since = waitingSince;
        return since == OUR_TURN ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - since);
    }

    /** Closes the connection if it waits longer than that, and the kernel has no more bytes of the client. */
    void closeAfter(Duration wait) {
        context.executor().execute(() -> {
            int before = reads;
            context.executor().schedule(() -> {
                if (reads == before && clientWait().compareTo(wait) > 0) {
                    context.close();
                }
            }, 1, TimeUnit.MILLISECONDS);
        });
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        this.context = context;
        waitingSince = System.nanoTime();
        check = context.executor().scheduleWithFixedDelay(this::closeIfOverdue, 1, 1, TimeUnit.SECONDS);
        context.fireChannelActive();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        check.cancel(false);
        context.fireChannelInactive();
    }

    private void closeIfOverdue() {
        boolean shortly = arriving || failed || inputEnded || last || !context.channel().isWritable();
        if (clientWait().compareTo(shortly ? SHORT_TIMEOUT : idleTimeout) > 0) {
            context.close();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpRequest request) {
            answered = false;
            last = !HttpUtil.isKeepAlive(request);
            if (last && request.headers().contains(HttpHeaderNames.CONNECTION)) {
                // Vert.x recognises the option only where it stands alone.
                request.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            }
        }
        if (decoder.isPaused() && !answered) { // the response may come before the last message of the request
            arriving = false;
            waitingSince = OUR_TURN;
        }
        context.fireChannelRead(message);
        if (message instanceof LastHttpContent && answered && decoder.isPaused()) { // answered before its end
            proceed();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        reads++;
        boolean halfway = waitingSince != OUR_TURN && decoder.isHalfway();
        if (halfway && !arriving) {
            waitingSince = System.nanoTime();
        }
        arriving = halfway;
        context.fireChannelReadComplete();
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        boolean interim = false;
        if (message instanceof HttpResponse response) {
            int status = response.status().code();
            interim = status < 200;
            failed = status >= 400;
        }
        context.write(message, promise);
        if (message instanceof LastHttpContent && !interim) {
            answered = true;
            waitingSince = System.nanoTime();
            proceed();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (waitingSince != OUR_TURN && context.channel().isWritable()) {
            waitingSince = System.nanoTime();
            proceed();
        }
        context.fireChannelWritabilityChanged();
    }

    /** Continues with the next request, unless the client leaves responses unread. */
    private void proceed() {
        if (!context.channel().isWritable() || resuming || last) {
            return;
        }
        if (decoder.isHalfway() || inputEnded) {
            resuming = true;
            context.executor().execute(this::resume); // after Vert.x's own work, and in turn with other connections
        } else {
            decoder.resume();
        }
    }

    private void resume() {
        resuming = false;
        decoder.resume();
        if (inputEnded) {
            closeIfAnswered();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            closeIfAnswered();
        } else if (!(event instanceof ChannelInputShutdownReadComplete)) {
            context.fireUserEventTriggered(event);
        }
    }

    private void closeIfAnswered() {
        if (waitingSince != OUR_TURN && !decoder.isPaused()) { // paused after a response: more requests are pipelined
            context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** Vert.x closes without a flush where a malformed chunk ends the connection. */
    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        context.flush();
        context.close(promise);
    }
}
