package org.bookinfo.ratings;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import org.bookinfo.ratings.reads.Ratings;

/**
 * The answer to {@code GET /ratings/{productId}}. Every product shows the same two ratings: the table knows no product.
 */
@JsonPropertyOrder({"id", "ratings"})
record ProductRatings(int id, Ratings ratings) {
}
