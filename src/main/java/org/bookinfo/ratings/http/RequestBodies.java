package org.bookinfo.ratings.http;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.runtime.configuration.MemorySize;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.impl.RoutingContextInternal;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Reads the body of each request that has one, whatever its method, before anything else looks at the request. So a slow
 * sender holds no thread, and one that sends too much is refused alike with and without Content-Length.
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
            if (headers.contains(HttpHeaders.CONTENT_LENGTH) || headers.contains(HttpHeaders.TRANSFER_ENCODING)) {
                read(context, headers);
            } else {
                context.next();
            }
        });
    }

    private void read(RoutingContext context, MultiMap headers) {
        String length = headers.get(HttpHeaders.CONTENT_LENGTH); // Netty has let nothing pass but one number
        if (length == null && !headers.getAll(HttpHeaders.TRANSFER_ENCODING).toString().equalsIgnoreCase("[chunked]")) {
            context.fail(400, new IllegalArgumentException("its end cannot be told"));
            return;
        }
        if (length != null && Long.parseLong(length) > limit) {
            context.fail(413);
            return;
        }
        if ("100-continue".equalsIgnoreCase(headers.get(HttpHeaders.EXPECT))) {
            context.response().writeContinue();
        }
        headers.remove(HttpHeaders.EXPECT); // or the framework would answer it again
        Buffer body = Buffer.buffer();
        HttpServerRequest request = context.request();
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
