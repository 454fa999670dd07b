package org.bookinfo.ratings.http;

import java.time.Duration;
import java.util.Optional;

import io.netty.bootstrap.ChannelInitializerExtension;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.quarkus.runtime.configuration.MemorySize;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpServerConnection;
import io.vertx.core.net.impl.VertxHandler;
import org.bookinfo.ratings.ErrorResponses;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jboss.logging.Logger;

/**
 * Sets the limits of each connection. Neither Quarkus nor Vert.x gives an application access to a connection before its
 * first request, so this is an extension of Netty. Netty creates it as a service, so it is public. The class loaders of
 * dev mode and of tests within one process hide it from Netty: there, these limits do not apply.
 */
@RegisterForReflection
public final class ConnectionInitializer extends ChannelInitializerExtension {

    private static final Logger LOG = Logger.getLogger(ConnectionInitializer.class);

    /** Bounds the pipelined requests in memory. By default a read takes up to 64 KB. */
    private static final RecvByteBufAllocator READ_BYTES = new AdaptiveRecvByteBufAllocator(64, 2_048, 4_096);

    /** Bound the unread responses of a connection: here, and in the kernel, which by default buffers megabytes. */
    private static final WriteBufferWaterMark UNREAD_BYTES = new WriteBufferWaterMark(8_192, 16_384);
    private static final int KERNEL_UNREAD_BYTES = 32_768;

    private static volatile Channel listener;

    private final OpenConnections connections;
    private final Duration idleTimeout;
    private final HttpServerOptions options = new HttpServerOptions();

    public ConnectionInitializer() {
        Config config = ConfigProvider.getConfig();
        connections = new OpenConnections(config.getValue("ratings.connections.limit", Integer.class));
        idleTimeout = config.getValue("ratings.connections.idle-timeout", Duration.class);
        options.setMaxHeaderSize(
                (int) config.getValue("quarkus.http.limits.max-header-size", MemorySize.class).asLongValue());
    }

    /** The socket that accepts connections; empty where Netty does not find this class. */
    static Optional<Channel> listener() {
        return Optional.ofNullable(listener);
    }

    @Override
    public void postInitializeServerListenerChannel(ServerChannel channel) {
        listener = channel;
    }

    @Override
    public void postInitializeServerChildChannel(Channel channel) {
        channel.config().setRecvByteBufAllocator(READ_BYTES).setWriteBufferWaterMark(UNREAD_BYTES);
        channel.config().setOption(ChannelOption.SO_SNDBUF, KERNEL_UNREAD_BYTES);
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true); // clients may end their side early
        RequestDecoder decoder = new RequestDecoder(options);
        ConnectionHandler handler = new ConnectionHandler(decoder, idleTimeout);
        channel.pipeline().addLast(new ChannelInitializer<>() { // runs after Vert.x's own

            @Override
            protected void initChannel(Channel initialized) {
                initialize(initialized.pipeline(), decoder, handler);
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable e) {
                LOG.error("Closed a connection that could not be limited", e);
                context.close();
            }
        });
        connections.add(handler, channel);
    }

    /** Fails if Vert.x's pipeline is not as expected, so that no connection is without limits. */
    private static void initialize(ChannelPipeline pipeline, RequestDecoder decoder, ConnectionHandler handler) {
        if (!(pipeline.get("handler") instanceof VertxHandler<?> server
                && server.getConnection() instanceof HttpServerConnection connection)) {
            throw new IllegalStateException("No HTTP/1.1 handler among " + pipeline.names());
        }
        connection.invalidRequestHandler(ConnectionInitializer::answerMalformed);
        pipeline.replace("httpDecoder", "httpDecoder", decoder);
        pipeline.addBefore("handler", null, handler);
    }

    private static void answerMalformed(HttpServerRequest request) {
        request.response().putHeader(HttpHeaderNames.DATE, HttpDate.now());
        ErrorResponses.answerMalformed(request);
    }
}
