package org.bookinfo.ratings.http;

import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.ChannelInitializerExtension;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.vertx.core.http.impl.HttpServerConnection;
import io.vertx.core.net.impl.VertxHandler;
import org.bookinfo.ratings.ErrorMappers;

/**
 * Watches what arrives on a connection and ends it where a request has begun and is not there as a whole within
 * {@link #LONGEST_REQUEST_SECONDS}, or is none: neither Quarkus nor Vert.x bounds more than the time between two bytes.
 *
 * <p>Neither lets an application near a connection before its first request, hence Netty's own extension point. Netty
 * creates it as a service; hence public. Dev mode's and tests' class loaders hide it from Netty: nothing is watched there.
 */
@RegisterForReflection
public final class ConnectionGuard extends ChannelInitializerExtension {

    /** Seconds. Sidecars send headers in one piece; 64 KB of a body take a second on the slowest of lines. */
    private static final int LONGEST_REQUEST_SECONDS = 10;

    @Override
    public void postInitializeServerChildChannel(Channel channel) {
        channel.pipeline().addFirst(new Bytes());
    }

    /** Sees what is read as it arrives. A request that arrives whole, as they do, costs no timer. */
    private static final class Bytes extends ChannelInboundHandlerAdapter {

        private final Messages messages = new Messages();
        private Future<?> end;

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (context.pipeline().get("httpDecoder") != null) {
                context.pipeline().addAfter("httpDecoder", null, messages);
                if (context.pipeline().get("handler") instanceof VertxHandler<?> handler
                        && handler.getConnection() instanceof HttpServerConnection connection) {
                    connection.invalidRequestHandler(ErrorMappers::malformed);
                }
            }
            context.fireChannelActive();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object bytes) {
            messages.complete = false;
            context.fireChannelRead(bytes); // decodes all that can be decoded
            if (messages.complete) {
                callOff();
            } else if (end == null) {
                end = context.executor().schedule(() -> context.close(), LONGEST_REQUEST_SECONDS, TimeUnit.SECONDS);
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
            callOff();
            context.fireChannelInactive();
        }

        private void callOff() {
            if (end != null) {
                end.cancel(false);
                end = null;
            }
        }
    }

    /** Sees what the bytes mean. */
    private static final class Messages extends ChannelDuplexHandler {

        private boolean complete;
        private boolean refused;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (refused) {
                ReferenceCountUtil.release(message);
                return;
            }
            complete = message == LastHttpContent.EMPTY_LAST_CONTENT;
            if (message instanceof DefaultHttpRequest request) {
                refuseOtherVersions(request);
            } else if (!complete) {
                complete = message instanceof LastHttpContent;
            }
            context.fireChannelRead(message);
        }

        /** The server would answer in whatever version it is asked. */
        private void refuseOtherVersions(DefaultHttpRequest request) {
            HttpVersion version = request.protocolVersion();
            if (version != HttpVersion.HTTP_1_1 && version != HttpVersion.HTTP_1_0) {
                request.setProtocolVersion(HttpVersion.HTTP_1_1);
                request.setDecoderResult(DecoderResult.failure(new IllegalArgumentException("HTTP version")));
                refused = true;
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
