package org.bookinfo.ratings.http;

import java.util.Set;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;

import io.quarkus.runtime.LaunchMode;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import org.bookinfo.ratings.HealthResource;
import org.bookinfo.ratings.RatingsResource;

/**
 * Lets a request match by its path and method as they were sent. The framework matches a path only after it has decoded it, merged
 * its slashes and followed its dots, so that a rule about paths in front of the service would not hold; and it answers whatever
 * method at its own paths.
 */
@Singleton
class RequestFilter {

    private static final String OPERATORS_ROOT = "/q/";

    /** The framework also serves some of them with a slash, or more, at their end. */
    private static final Set<String> OPERATORS_PATHS = Set.of("/q/health", "/q/health/started", "/q/health/live",
            "/q/health/ready", "/q/health/well", "/q/metrics", "/q/openapi");

    void filter(@Observes Router router) {
        router.route().order(Integer.MIN_VALUE + 2).handler(RequestFilter::filter);
    }

    private static void filter(RoutingContext context) {
        HttpServerRequest request = context.request();
        String path = request.path();
        boolean ratings = path.startsWith(RatingsResource.PATH);
        boolean operators = path.startsWith(OPERATORS_ROOT);
        if (operators && LaunchMode.current() == LaunchMode.DEVELOPMENT) {
            context.next(); // dev mode's pages
        } else if (!(ratings || path.equals(HealthResource.PATH) || operators && OPERATORS_PATHS.contains(path))) {
            context.fail(404);
        } else if (!isOffered(request.method(), ratings)) {
            context.fail(405);
        } else {
            if (ratings) {
                RatingsResource.productId(path);
            }
            if (!operators) {
                // The original looks at neither; the framework would refuse what it does not know or does not produce.
                request.headers().remove(HttpHeaders.ACCEPT).remove(HttpHeaders.CONTENT_TYPE);
            }
            MultiMap answer = request.response().headers();
            context.addHeadersEndHandler(headersEnd -> leaveOutCharset(answer));
            context.next();
        }
    }

    private static boolean isOffered(HttpMethod method, boolean ratings) {
        return method == HttpMethod.GET || method == HttpMethod.HEAD || ratings && method == HttpMethod.POST;
    }

    /** The framework adds one, which the original does not; JSON has no other. */
    private static void leaveOutCharset(MultiMap headers) {
        String type = headers.get(HttpHeaders.CONTENT_TYPE);
        if (type != null && type.startsWith(MediaType.APPLICATION_JSON)) {
            headers.set(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_JSON);
        }
    }
}
