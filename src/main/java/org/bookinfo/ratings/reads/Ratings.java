package org.bookinfo.ratings.reads;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;

/**
 * The two reviewers' ratings, as the table has them: Bookinfo draws 1 to 5 stars, and none for 0.
 */
@JsonPropertyOrder({"Reviewer1", "Reviewer2"})
public record Ratings(@JsonProperty("Reviewer1") int reviewer1, @JsonProperty("Reviewer2") int reviewer2) {
}
