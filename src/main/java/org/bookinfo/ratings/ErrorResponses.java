package org.bookinfo.ratings;

import java.util.Locale;

import jakarta.inject.Singleton;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.Json;
import io.vertx.ext.web.RoutingContext;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/**
 * The only place where a failure becomes a status and a body.
 */
@Singleton
public class ErrorResponses {

    private static final Logger LOG = Logger.getLogger(ErrorResponses.class);

    /** The body of every response that is not a success. */
    @RegisterForReflection // Jackson writes it, and no resource method declares it
    record ErrorMessage(String error) {
    }

    /**
     * The resource declares the media type. To set it again would cost a twentieth of an outage's responses per second.
     */
    @ServerExceptionMapper
    Response ratingsUnavailable(RatingsUnavailableException e) {
        return Response.status(e.cause().status()).entity(new ErrorMessage(e.cause().error())).build();
    }

    @ServerExceptionMapper
    Response refused(RequestRefusedException e) {
        return response(e.status(), e.getMessage());
    }

    /** The framework's own messages may quote the request. */
    @ServerExceptionMapper
    Response refused(WebApplicationException e) {
        Response.StatusType status = e.getResponse().getStatusInfo();
        return response(status.getStatusCode(), error(status.getReasonPhrase()));
    }

    @ServerExceptionMapper
    Response unexpected(Throwable e, HttpServerRequest request) {
        logUnexpected(request, e);
        return response(500, "internal server error");
    }

    private static Response response(int status, String error) {
        return Response.status(status).type(MediaType.APPLICATION_JSON_TYPE).entity(new ErrorMessage(error)).build();
    }

    /** Answers requests that fail before they reach a resource. The framework's own page would show the exception. */
    public static void answer(RoutingContext context) {
        HttpServerResponse response = context.response();
        if (context.failure() instanceof RequestRefusedException e) {
            end(response, e.status(), e.getMessage());
            return;
        }
        int status = context.statusCode() < 400 ? 400 : context.statusCode(); // BodyHandler: 200 for a bad chunk
        if (status >= 500) {
            logUnexpected(context.request(), context.failure());
        }
        if (response.ended() || response.closed()) {
            return;
        }
        if (status == 405) {
            response.putHeader(HttpHeaderNames.ALLOW,
                    context.request().path().startsWith(Contract.RATINGS_PATH) ? "GET, HEAD, POST" : "GET, HEAD");
        }
        if (status == 413 || status == 417 || context.failure() != null) { // where the next request begins is not known
            response.putHeader(HttpHeaderNames.CONNECTION, "close");
            context.addEndHandler(ended -> context.request().connection().close());
        }
        end(response, status, error(HttpResponseStatus.valueOf(status).reasonPhrase()));
    }

    /**
     * Answers what is not an HTTP request, or has too long a first line or headers. The server then closes the
     * connection.
     */
    public static void answerMalformed(HttpServerRequest request) {
        Throwable cause = request.decoderResult().cause();
        HttpResponseStatus status = HttpResponseStatus.BAD_REQUEST;
        if (cause instanceof TooLongHttpLineException) {
            status = HttpResponseStatus.REQUEST_URI_TOO_LONG;
        } else if (cause instanceof TooLongHttpHeaderException) {
            status = HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE;
        }
        request.response().putHeader(HttpHeaderNames.CONNECTION, "close");
        end(request.response(), status.code(), error(status.reasonPhrase()));
    }

    private static void end(HttpServerResponse response, int status, String error) {
        response.setStatusCode(status).putHeader(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_JSON)
                .end(Json.encode(new ErrorMessage(error)));
    }

    /** Failures after the response, as of the rest of a refused body, are consequences of it: DEBUG. */
    private static void logUnexpected(HttpServerRequest request, Throwable e) {
        Logger.Level level = request.response().ended() ? Logger.Level.DEBUG : Logger.Level.ERROR;
        RequestId.withRequestId(request, () -> LOG.log(level, "A request failed unexpectedly", e));
    }

    private static String error(String reasonPhrase) {
        return reasonPhrase.toLowerCase(Locale.ROOT);
    }
}
