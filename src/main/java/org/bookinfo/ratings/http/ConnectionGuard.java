package org.bookinfo.ratings.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

import io.netty.bootstrap.ChannelInitializerExtension;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpVersion;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.quarkus.runtime.configuration.MemorySize;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;

/**
 * Puts each connection under this package's rules: how many there may be and for how long they may keep the service waiting
 * ({@link Connections}), and what is HTTP ({@link GuardedConnection}).
 *
 * <p>Neither Quarkus nor Vert.x lets an application near a connection before its first request, hence Netty's own extension
 * point. Netty creates it as a service; hence public. Dev mode's and tests' class loaders hide it from Netty: there are no such
 * rules there.
 */
@RegisterForReflection
public final class ConnectionGuard extends ChannelInitializerExtension {

    /** Reads little at a time: all requests in it are decoded at once. By default it would be up to 64 KB, or a thousand of them. */
    private static final RecvByteBufAllocator READS = new AdaptiveRecvByteBufAllocator(64, 2_048, 4_096);

    private final Connections connections;
    private final HttpServerOptions options = new HttpServerOptions();

    public ConnectionGuard() {
        Config config = ConfigProvider.getConfig();
        connections = new Connections(
                Math.min(config.getValue("ratings.connections.limit", Integer.class), mostFiles() / 2),
                config.getValue("ratings.connections.idle-timeout", Duration.class));
        options.setMaxHeaderSize(
                (int) config.getValue("quarkus.http.limits.max-header-size", MemorySize.class).asLongValue());
    }

    /** How many files the process may have open. The JVM itself has close to 200. */
    private static int mostFiles() {
        try (Stream<String> limits = Files.lines(Path.of("/proc/self/limits"))) {
            return limits.filter(line -> line.startsWith("Max open files")).map(line -> line.split(" +")[3])
                    .mapToInt(Integer::parseInt).findFirst().orElse(Integer.MAX_VALUE);
        } catch (IOException | NumberFormatException e) { // "unlimited"
            return Integer.MAX_VALUE;
        }
    }

    @Override
    public void postInitializeServerChildChannel(Channel channel) {
        GuardedConnection connection = new GuardedConnection(new Decoder(options), connections);
        channel.pipeline().addFirst(connection);
        channel.config().setRecvByteBufAllocator(READS);
        connections.admit(connection, channel.parent());
    }

    /** Refuses what Vert.x's own would let pass. */
    private static final class Decoder extends VertxHttpRequestDecoder {

        Decoder(HttpServerOptions options) {
            super(options);
        }

        /** The server would answer in whatever version it is asked. */
        @Override
        protected HttpMessage createMessage(String[] initialLine) {
            HttpMessage message = super.createMessage(initialLine);
            HttpVersion version = message.protocolVersion();
            if (version != HttpVersion.HTTP_1_1 && version != HttpVersion.HTTP_1_0) {
                throw new IllegalArgumentException("HTTP version");
            }
            return message;
        }

        /** Two proxies that choose differently would not agree where the next request begins. */
        @Override
        protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
            throw new IllegalArgumentException("Both Transfer-Encoding and Content-Length");
        }
    }
}
