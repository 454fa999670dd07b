package org.bookinfo.ratings;

import java.util.Locale;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.Json;
import io.vertx.ext.web.Router;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/**
 * The only place where a failure becomes a status and a body.
 */
@Singleton
class ErrorMappers {

    private static final Logger LOG = Logger.getLogger(ErrorMappers.class);

    @ServerExceptionMapper
    Response ratingsUnavailable(RatingsUnavailableException e) {
        return answer(e.failure().status(), e.failure().error()).build();
    }

    @ServerExceptionMapper
    Response refused(RequestRefusedException e) {
        return answer(e.status(), e.getMessage()).build();
    }

    /** What the framework refuses is told by its status alone: the framework's messages may quote the request. */
    @ServerExceptionMapper
    Response refused(WebApplicationException e, HttpServerRequest request) {
        Response.StatusType status = e.getResponse().getStatusInfo();
        Response.ResponseBuilder answer = answer(status.getStatusCode(), reason(status.getReasonPhrase()));
        if (status.getStatusCode() == 405) {
            answer.header(HttpHeaders.ALLOW,
                    request.path().startsWith(RatingsResource.PATH) ? "GET, HEAD, POST" : "GET, HEAD");
        }
        return answer.build();
    }

    /** A path that cannot be decoded is refused by the router, before it reaches a resource. */
    void answerMalformedPaths(@Observes Router router) {
        router.errorHandler(400, context -> {
            String path = context.request().path();
            boolean malformedId = path != null && path.startsWith(RatingsResource.PATH);
            String error = malformedId ? RatingsResource.NOT_NUMERIC : reason("Bad Request");
            context.response().setStatusCode(400).putHeader(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_JSON)
                    .end(Json.encode(new ErrorMessage(error)));
        });
    }

    @ServerExceptionMapper
    Response unexpected(Throwable e) {
        LOG.error("A request failed in an unforeseen way", e);
        return answer(500, "internal server error").build();
    }

    private static String reason(String phrase) {
        return phrase.toLowerCase(Locale.ROOT);
    }

    private static Response.ResponseBuilder answer(int status, String error) {
        return Response.status(status).type(MediaType.APPLICATION_JSON_TYPE).entity(new ErrorMessage(error));
    }
}
