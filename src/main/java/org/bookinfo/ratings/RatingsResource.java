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

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.smallrye.common.annotation.NonBlocking;
import io.vertx.core.http.HttpServerRequest;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.bookinfo.ratings.reads.Ratings;
import org.bookinfo.ratings.reads.RatingsReader;

/**
 * The ratings of a product, as Bookinfo's {@code reviews} requests them. Requests without a numeric product ID are
 * refused before they are matched.
 */
@Path(Contract.RATINGS_PATH + "{productId}")
@Produces(MediaType.APPLICATION_JSON)
@NonBlocking
public class RatingsResource {

    /** Without limits of its own: the limit of the body is enough. */
    private static final JsonFactory JSON = JsonFactory.builder().streamReadConstraints(
            StreamReadConstraints.builder().maxNestingDepth(Integer.MAX_VALUE).maxNumberLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE).build())
            .build();

    private final RatingsReader reader;

    /** Every product shows the same two ratings: the table knows no product. */
    @JsonPropertyOrder({"id", "ratings"})
    record ProductRatings(int id, Ratings ratings) {
    }

    RatingsResource(RatingsReader reader) {
        this.reader = reader;
    }

    /**
     * Answers with ratings read after the request arrived.
     *
     * @throws RatingsUnavailableException (or as the stage's failure) if the database does not provide them
     */
    @GET
    public CompletionStage<ProductRatings> get(@Context HttpServerRequest request) {
        int productId = Contract.productId(request.path());
        return reader.read().thenApply(ratings -> new ProductRatings(productId, ratings));
    }

    /**
     * Refuses new ratings, as the original does with a database behind it.
     *
     * @throws RequestRefusedException always: 400 if the body is not JSON, else 501
     */
    @POST
    public void post(byte[] body) {
        throw isJson(body)
                ? new RequestRefusedException(501, "Post not implemented for database backed ratings")
                : new RequestRefusedException(400, "please provide valid ratings JSON");
    }

    /** Whether the body is one JSON value in UTF-8. Like the original, ignores the Content-Type. */
    private static boolean isJson(byte[] body) {
        try {
            // The parser alone would also accept UTF-16, UTF-32 and a byte order mark.
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
