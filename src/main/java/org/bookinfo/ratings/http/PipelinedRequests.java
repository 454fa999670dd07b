package org.bookinfo.ratings.http;

import java.util.ArrayDeque;
import java.util.Queue;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

/**
 * Hands the server of a connection one request at a time. Left to itself, it takes all that are pipelined, keeps several times
 * their bytes for each, and begins each within the answer to the one before: behind a request that waits, some 60 that need not
 * wait overflow the stack, and the connection hangs.
 */
final class PipelinedRequests extends ChannelDuplexHandler {

    /** What a message that waits takes of the heap besides its content; a request has two. 620 for both were measured. */
    private static final int MESSAGE_BYTES = 1_000;

    private final GuardedConnection connection;
    private final Queue<Object> waiting = new ArrayDeque<>(1);
    private boolean beginning;

    /**
     * Requests that the server has as a whole and has not answered. Below zero while one is answered before its end has been seen.
     * Written on the connection's event loop only.
     */
    private volatile int unanswered;

    PipelinedRequests(GuardedConnection connection) {
        this.connection = connection;
    }

    /** Whether the server is to answer something, as seen by any thread. */
    boolean unanswered() {
        return unanswered > 0;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (unanswered > 0 || !waiting.isEmpty()) {
            waiting.add(message);
            connection.queued(bytes(message));
        } else {
            begin(context, message);
        }
    }

    private static int bytes(Object message) {
        return MESSAGE_BYTES + (message instanceof HttpContent part ? part.content().readableBytes() : 0);
    }

    private void begin(ChannelHandlerContext context, Object message) {
        if (message instanceof LastHttpContent) {
            unanswered++;
        }
        context.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof LastHttpContent
                && !(message instanceof HttpResponse answer && answer.status().code() < 200)) {
            unanswered--;
            beginNextSoon(context); // the server has not finished with this one yet
        }
        context.write(message, promise);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        beginNextSoon(context);
        context.fireChannelWritabilityChanged();
    }

    private void beginNextSoon(ChannelHandlerContext context) {
        if (!waiting.isEmpty() && !beginning) {
            context.executor().execute(() -> beginNext(context));
        }
    }

    /** Unless the answers before it are not read. */
    private void beginNext(ChannelHandlerContext context) {
        beginning = true;
        while (unanswered <= 0 && !waiting.isEmpty() && context.channel().isWritable()) {
            begin(context, next());
        }
        beginning = false;
        context.fireChannelReadComplete(); // the server sends its answers
    }

    private Object next() {
        Object message = waiting.poll();
        connection.queued(-bytes(message));
        return message;
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        while (!waiting.isEmpty()) {
            ReferenceCountUtil.release(next());
        }
        context.fireChannelInactive();
    }
}
