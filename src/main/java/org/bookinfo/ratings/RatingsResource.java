package org.bookinfo.ratings;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionStage;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import io.smallrye.common.annotation.NonBlocking;
import io.vertx.core.http.HttpServerRequest;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.bookinfo.ratings.reads.RatingsReader;

/**
 * The ratings of a product, as Bookinfo's {@code reviews} asks for them. What comes here has a product ID: what has none is refused
 * before it is matched.
 */
@Path(RatingsResource.PATH + "{productId}")
@Produces(MediaType.APPLICATION_JSON)
@NonBlocking
public class RatingsResource {

    public static final String PATH = "/ratings/";

    private static final String NOT_NUMERIC = "please provide numeric product ID";

    private static final JsonFactory JSON = new JsonFactory();

    private final RatingsReader reader;

    RatingsResource(RatingsReader reader) {
        this.reader = reader;
    }

    /**
     * Answers with ratings read after the request arrived.
     *
     * @throws RatingsUnavailableException (or as the stage's failure) if the database does not give them
     */
    @GET
    public CompletionStage<ProductRatings> get(@Context HttpServerRequest request) {
        int productId = productId(request.path());
        return reader.read().thenApply(ratings -> new ProductRatings(productId, ratings));
    }

    /**
     * Refuses new ratings, as the original does with a database behind it.
     *
     * @throws RequestRefusedException always: 400 if the body is not JSON, else 501
     */
    @POST
    public void post(byte[] body) {
        if (!isJson(body)) {
            throw new RequestRefusedException(400, "please provide valid ratings JSON");
        }
        throw new RequestRefusedException(501, "Post not implemented for database backed ratings");
    }

    /**
     * The ID is all that follows {@link #PATH} in the path as it was sent: the original decodes and normalises nothing, so
     * {@code %30} is no number to it, and {@code 0/} neither.
     *
     * @throws RequestRefusedException if that is no whole number of 32 bits
     */
    public static int productId(String path) {
        try {
            return Integer.parseInt(path.substring(PATH.length()));
        } catch (NumberFormatException e) {
            throw new RequestRefusedException(400, NOT_NUMERIC);
        }
    }

    /** Whether the body is one JSON value in UTF-8, whatever its Content-Type says: the original does not look at that. */
    private static boolean isJson(byte[] body) {
        try {
            // The parser itself would also take UTF-16 and UTF-32, and a byte order mark.
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
            JsonParser parser = JSON.createParser(text);
            if (parser.nextToken() == null) {
                return false;
            }
            parser.skipChildren();
            return parser.nextToken() == null;
        } catch (IOException e) {
            return false;
        }
    }
}
