package org.bookinfo.ratings.http;

import java.util.List;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.runtime.configuration.MemorySize;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.impl.RoutingContextInternal;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Reads the body of each request that has one, whatever its method, before the request is matched. So a slow sender holds no
 * thread, and one that sends too much is refused alike with and without Content-Length.
 */
@Singleton
class RequestBodies {

    private final long limit;

    RequestBodies(@ConfigProperty(name = "quarkus.http.limits.max-body-size") MemorySize limit) {
        this.limit = limit.asLongValue();
    }

    void read(@Observes Router router) {
        router.route().order(Integer.MIN_VALUE + 1).handler(context -> {
            MultiMap headers = context.request().headers();
            if (headers.contains(HttpHeaders.EXPECT) && !isContinue(headers.getAll(HttpHeaders.EXPECT))) {
                context.fail(417);
            } else if (headers.contains(HttpHeaders.CONTENT_LENGTH)
                    || headers.contains(HttpHeaders.TRANSFER_ENCODING)) {
                read(context, headers);
            } else {
                context.next();
            }
        });
    }

    private static boolean isContinue(List<String> expectations) {
        return String.join(",", expectations).equalsIgnoreCase("100-continue");
    }

    private void read(RoutingContext context, MultiMap headers) {
        HttpServerRequest request = context.request();
        boolean http10 = request.version() == HttpVersion.HTTP_1_0;
        List<String> encodings = headers.getAll(HttpHeaders.TRANSFER_ENCODING);
        if (!encodings.isEmpty() && (http10 || !encodings.toString().equalsIgnoreCase("[chunked]"))) {
            context.fail(400, new IllegalArgumentException("its end cannot be told"));
            return;
        }
        String length = headers.get(HttpHeaders.CONTENT_LENGTH); // Netty has let nothing pass but one number
        if (length != null && Long.parseLong(length) > limit) {
            context.fail(413);
            return;
        }
        if (headers.contains(HttpHeaders.EXPECT)) {
            if (!http10) {
                context.response().writeContinue();
            }
            headers.remove(HttpHeaders.EXPECT); // or the framework would answer it again
        }
        Buffer body = Buffer.buffer();
        request.handler(part -> {
            if (body.length() + part.length() <= limit) {
                body.appendBuffer(part);
            } else if (!context.failed()) {
                context.fail(413);
            }
        });
        request.exceptionHandler(e -> {
            if (!context.failed()) {
                context.fail(400, e);
            }
        });
        request.endHandler(end -> {
            if (!context.failed()) {
                ((RoutingContextInternal) context).setBody(body);
                context.next();
            }
        });
        request.resume();
    }
}
