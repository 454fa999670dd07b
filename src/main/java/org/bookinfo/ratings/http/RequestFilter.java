package org.bookinfo.ratings.http;

import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.NotAllowedException;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;

import io.vertx.core.http.HttpServerRequest;
import org.bookinfo.ratings.HealthResource;
import org.bookinfo.ratings.RatingsResource;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/**
 * Lets requests match the way they do for the original, where that is narrower or wider than the framework's way.
 */
class RequestFilter {

    /**
     * @throws NotFoundException if the path, as it was sent, is none of this service's: the framework would decode it, merge
     *         its slashes and overlook one at the end
     * @throws NotAllowedException for OPTIONS, which the framework would answer itself
     */
    @ServerRequestFilter(preMatching = true)
    void beforeMatching(ContainerRequestContext context, HttpServerRequest request) {
        String path = request.path();
        if (!path.startsWith(RatingsResource.PATH) && !path.equals(HealthResource.PATH)) {
            throw new NotFoundException();
        }
        if (context.getMethod().equals(HttpMethod.OPTIONS)) {
            throw new NotAllowedException(HttpMethod.GET);
        }
        // The original looks at neither header; the framework would refuse what it does not know or does not produce.
        context.getHeaders().putSingle(HttpHeaders.ACCEPT, MediaType.WILDCARD);
        if (context.getMethod().equals(HttpMethod.POST)) {
            context.getHeaders().putSingle(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_JSON);
        }
    }
}
