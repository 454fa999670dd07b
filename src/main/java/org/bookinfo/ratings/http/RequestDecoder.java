package org.bookinfo.ratings.http;

import java.nio.charset.StandardCharsets;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.util.AsciiString;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;

/**
 * Decodes one request at a time: the requests that a client pipelines behind it stay bytes until it is answered. Vert.x
 * would begin each of them within the response to the one before, and overflow the stack. Also refuses requests that
 * Vert.x accepts.
 */
final class RequestDecoder extends VertxHttpRequestDecoder {

    /** Envoy's limit. */
    private static final int MOST_HEADER_FIELDS = 100;

    private Channel channel;
    private ByteBuf bytes;
    private int firstLine;
    private int headerFields;
    private boolean begun;
    private boolean paused;

    RequestDecoder(HttpServerOptions options) {
        super(options);
    }

    /** Whether the client has sent a part of a request. */
    boolean isHalfway() {
        return begun || actualReadableBytes() > 0;
    }

    /** Whether a whole request is decoded, and not answered. */
    boolean isPaused() {
        return paused;
    }

    /** Continues after a response. */
    void resume() {
        paused = false;
        if (actualReadableBytes() > 0) {
            channel.pipeline().fireChannelRead(Unpooled.EMPTY_BUFFER).fireChannelReadComplete();
        }
        if (!paused) {
            channel.config().setAutoRead(true);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        channel = context.channel();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
        if (paused) {
            channel.config().setAutoRead(false);
        }
        super.channelRead(context, message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) throws Exception {
        if (paused) {
            context.fireChannelReadComplete(); // without the read of the next bytes
        } else {
            super.channelReadComplete(context);
        }
    }

    /** The client has ended its side. Without the decoder's own reaction, which discards the pipelined requests. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        context.fireUserEventTriggered(event);
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) throws Exception {
        if (paused) {
            return;
        }
        bytes = in;
        firstLine = in.readerIndex();
        super.decode(context, in, out);
        if (!out.isEmpty() && out.get(out.size() - 1) instanceof LastHttpContent) {
            begun = false;
            paused = true;
        }
    }

    /** Vert.x would answer in any version of HTTP. */
    @Override
    protected HttpMessage createMessage(String[] firstLine) {
        begun = true;
        headerFields = 0;
        HttpMessage message = super.createMessage(firstLine);
        HttpVersion version = message.protocolVersion();
        if (version != HttpVersion.HTTP_1_1 && version != HttpVersion.HTTP_1_0) {
            throw new IllegalArgumentException("HTTP version");
        }
        return message;
    }

    @Override
    protected AsciiString splitHeaderName(byte[] line, int start, int length) {
        if (length == 0) {
            throw new IllegalArgumentException("Header without a name");
        }
        if (++headerFields > MOST_HEADER_FIELDS) {
            throw new TooLongHttpHeaderException("More than " + MOST_HEADER_FIELDS + " header fields");
        }
        return super.splitHeaderName(line, start, length);
    }

    /**
     * For a first line that is malformed or too long. By default the response would be HTTP/1.0, and have a body for
     * HEAD.
     */
    @Override
    protected HttpMessage createInvalidMessage() {
        boolean head = bytes.writerIndex() - firstLine > 5
                && bytes.toString(firstLine, 5, StandardCharsets.US_ASCII).equals("HEAD ");
        return new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, head ? HttpMethod.HEAD : HttpMethod.GET,
                "/bad-request");
    }
}
