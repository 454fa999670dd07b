package org.bookinfo.ratings;

import java.util.OptionalInt;

/**
 * The paths and the texts of the HTTP contract, and what counts as a product ID. Depends on no other class.
 */
public final class Contract {

    public static final String RATINGS_PATH = "/ratings/";
    public static final String HEALTH_PATH = "/health";

    public static final String NOT_NUMERIC = "please provide numeric product ID";

    static final String NOT_JSON = "please provide valid ratings JSON";
    static final String POST_NOT_IMPLEMENTED = "Post not implemented for database backed ratings";
    static final String INTERNAL_ERROR = "internal server error";
    static final String HEALTHY = "Ratings is healthy";

    private Contract() {
    }

    /**
     * Reads the ID from everything that follows {@link #RATINGS_PATH} in the path as it was sent. The original decodes and
     * normalises nothing: {@code %30} and {@code 0/} are not numbers.
     *
     * @return empty if the ID is not a whole decimal number of 32 bits
     */
    public static OptionalInt productId(String path) {
        try {
            return OptionalInt.of(Integer.parseInt(path.substring(RATINGS_PATH.length())));
        } catch (NumberFormatException e) {
            return OptionalInt.empty();
        }
    }
}
