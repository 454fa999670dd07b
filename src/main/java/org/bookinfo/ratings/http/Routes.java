package org.bookinfo.ratings.http;

import java.util.Set;
import java.util.concurrent.Semaphore;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.MediaType;

import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.vertx.http.runtime.RouteConstants;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.impl.RoutingContextInternal;
import org.bookinfo.ratings.Contract;
import org.bookinfo.ratings.ErrorResponses;
import org.bookinfo.ratings.RequestId;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Registers, in order, what each request passes through before the framework matches it.
 */
@Singleton
class Routes {

    private static final String OPERATORS_ROOT = "/q/";
    private static final String METRICS = "/q/metrics";

    /** The framework also serves some of them with a slash, or more, at the end. */
    private static final Set<String> OPERATORS_PATHS = Set.of("/q/health", "/q/health/started", "/q/health/live",
            "/q/health/ready", "/q/health/well", METRICS, "/q/openapi");

    /** A seventh of the heap. Bookinfo's bodies are below 100 bytes. */
    private static final int MOST_BODY_BYTES = 8 * 1024 * 1024;

    private final RequestMetrics metrics;
    private final int bodyLimit;
    private final BodyHandler bodyHandler;
    private final Semaphore bodyBytes = new Semaphore(MOST_BODY_BYTES);

    Routes(RequestMetrics metrics, @ConfigProperty(name = "quarkus.http.limits.max-body-size") MemorySize bodyLimit) {
        this.metrics = metrics;
        this.bodyLimit = (int) bodyLimit.asLongValue();
        bodyHandler = BodyHandler.create(false).setBodyLimit(this.bodyLimit);
    }

    void register(@Observes Router router) {
        router.route().order(RouteConstants.ROUTE_ORDER_HOT_REPLACEMENT + 1).handler(metrics::observe)
                .handler(Routes::setHeaders).handler(this::readBody).handler(Routes::filter)
                .failureHandler(ErrorResponses::answer);
    }

    /** JSON has no charset parameter, and the original sends none. */
    private static void setHeaders(RoutingContext context) {
        MultiMap headers = context.response().headers();
        context.addHeadersEndHandler(end -> {
            headers.set(HttpHeaders.DATE, HttpDate.now());
            String type = headers.get(HttpHeaders.CONTENT_TYPE);
            if (type != null && type.startsWith(MediaType.APPLICATION_JSON)) {
                headers.set(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_JSON);
            }
        });
        context.next();
    }

    /**
     * Reads the body before the request is matched, so that a slow sender holds no thread and no method evades the
     * limit.
     */
    private void readBody(RoutingContext context) {
        MultiMap headers = context.request().headers();
        if (headers.contains(HttpHeaders.EXPECT)
                && !String.join(",", headers.getAll(HttpHeaders.EXPECT)).equalsIgnoreCase("100-continue")) {
            context.fail(417);
        } else if (headers.contains(HttpHeaders.CONTENT_LENGTH) || headers.contains(HttpHeaders.TRANSFER_ENCODING)) {
            String length = headers.get(HttpHeaders.CONTENT_LENGTH); // a single number: Netty refuses anything else
            long bytes = length == null ? bodyLimit : Long.parseLong(length);
            if (bytes > bodyLimit || !bodyBytes.tryAcquire((int) bytes)) {
                context.fail(413);
            } else {
                context.addEndHandler(end -> bodyBytes.release((int) bytes));
                headers.remove(HttpHeaders.CONTENT_TYPE); // or the handler would parse forms
                bodyHandler.handle(context);
            }
        } else {
            context.next();
        }
    }

    /**
     * Accepts only the contract's methods and paths, as they were sent. The framework decodes a path, merges its
     * slashes and resolves its dots, which would evade a proxy's rules about paths.
     */
    private static void filter(RoutingContext context) {
        HttpServerRequest request = context.request();
        String path = request.path();
        boolean ratings = path.startsWith(Contract.RATINGS_PATH);
        boolean operators = path.startsWith(OPERATORS_ROOT);
        if (operators && LaunchMode.current() == LaunchMode.DEVELOPMENT) {
            context.next(); // dev mode's pages
        } else if (!(ratings || path.equals(Contract.HEALTH_PATH) || operators && OPERATORS_PATHS.contains(path))) {
            context.fail(404);
        } else if (!isOffered(request.method(), ratings)) {
            context.fail(405);
        } else {
            if (ratings) {
                Contract.productId(path);
            }
            if (request.method() == HttpMethod.POST && context.body().buffer() == null) {
                ((RoutingContextInternal) context).setBody(Buffer.buffer()); // or the framework would wait for one
            }
            if (!operators) {
                RequestId.keepOnly(request.headers()); // the original ignores Accept and Content-Type, too
            } else if (path.equals(METRICS)) {
                chooseFormat(request.headers());
            }
            context.next();
        }
    }

    private static boolean isOffered(HttpMethod method, boolean ratings) {
        return method == HttpMethod.GET || method == HttpMethod.HEAD || ratings && method == HttpMethod.POST;
    }

    /** The framework would answer 406 to formats that it does not know, and quote them in the status line. */
    private static void chooseFormat(MultiMap headers) {
        String accept = headers.get(HttpHeaders.ACCEPT);
        headers.remove(HttpHeaders.ACCEPT);
        if (accept != null && accept.contains(MediaType.TEXT_PLAIN)) {
            headers.set(HttpHeaders.ACCEPT, MediaType.TEXT_PLAIN);
        }
    }
}
