package org.bookinfo.ratings;

import java.util.Locale;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.Json;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/**
 * The only place where a failure becomes a status and a body.
 */
@Singleton
public class ErrorMappers {

    private static final Logger LOG = Logger.getLogger(ErrorMappers.class);

    private static final String UNFORESEEN = "A request failed in an unforeseen way";

    /** Its type is the one that the resource declares: that spares an outage's answers a twentieth of their cost. */
    @ServerExceptionMapper
    Response ratingsUnavailable(RatingsUnavailableException e) {
        return Response.status(e.cause().status()).entity(new ErrorMessage(e.cause().error())).build();
    }

    @ServerExceptionMapper
    Response refused(RequestRefusedException e) {
        return answer(e.status(), e.getMessage()).build();
    }

    /** The framework's own messages may quote the request. */
    @ServerExceptionMapper
    Response refused(WebApplicationException e) {
        Response.StatusType status = e.getResponse().getStatusInfo();
        return answer(status.getStatusCode(), reason(status.getReasonPhrase())).build();
    }

    /** Answers what is refused before it reaches a resource. The framework's own page would show the exception. */
    void answerRouterFailures(@Observes Router router) {
        router.route().order(Integer.MIN_VALUE).failureHandler(ErrorMappers::refused);
    }

    private static void refused(RoutingContext context) {
        if (context.failure() instanceof RequestRefusedException e) {
            end(context.response(), e.status(), e.getMessage());
            return;
        }
        HttpServerResponse response = context.response();
        int status = context.statusCode() >= 400 ? context.statusCode() : 500;
        if (status >= 500) {
            logUnforeseen(context.request(), context.failure());
        }
        if (response.ended() || response.closed()) {
            return;
        }
        if (status == 405) {
            response.putHeader(HttpHeaderNames.ALLOW,
                    context.request().path().startsWith(RatingsResource.PATH) ? "GET, HEAD, POST" : "GET, HEAD");
        }
        if (status == 413 || status == 417 || context.failure() != null) { // there is no telling where the next request begins
            response.putHeader(HttpHeaderNames.CONNECTION, "close")
                    .endHandler(ended -> context.request().connection().close());
        }
        end(response, status, reason(HttpResponseStatus.valueOf(status).reasonPhrase()));
    }

    /** Answers what is no HTTP request, or has too long a path or headers; the connection ends. */
    public static void malformed(HttpServerRequest request) {
        Throwable cause = request.decoderResult().cause();
        HttpResponseStatus status = HttpResponseStatus.BAD_REQUEST;
        if (cause instanceof TooLongHttpLineException) {
            status = HttpResponseStatus.REQUEST_URI_TOO_LONG;
        } else if (cause instanceof TooLongHttpHeaderException) {
            status = HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE;
        }
        request.response().putHeader(HttpHeaderNames.CONNECTION, "close");
        end(request.response(), status.code(), reason(status.reasonPhrase()));
    }

    private static void end(HttpServerResponse response, int status, String error) {
        response.setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_JSON)
                .end(Json.encode(new ErrorMessage(error)));
    }

    @ServerExceptionMapper
    Response unexpected(Throwable e, HttpServerRequest request) {
        logUnforeseen(request, e);
        return answer(500, "internal server error").build();
    }

    /** What fails after the answer fails because of it, as where the rest of a body that was refused is cut off. */
    private static void logUnforeseen(HttpServerRequest request, Throwable e) {
        Logger.Level level = request.response().ended() ? Logger.Level.DEBUG : Logger.Level.ERROR;
        RequestId.during(request, () -> LOG.log(level, UNFORESEEN, e));
    }

    private static String reason(String phrase) {
        return phrase.toLowerCase(Locale.ROOT);
    }

    private static Response.ResponseBuilder answer(int status, String error) {
        return Response.status(status).type(MediaType.APPLICATION_JSON_TYPE).entity(new ErrorMessage(error));
    }
}
