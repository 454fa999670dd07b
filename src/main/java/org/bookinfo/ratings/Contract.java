package org.bookinfo.ratings;

/**
 * The paths of the HTTP contract, and what counts as a product ID.
 */
public final class Contract {

    public static final String RATINGS_PATH = "/ratings/";
    public static final String HEALTH_PATH = "/health";

    /** Not for others to use: the compiler would copy it, and dev mode compile only this class when it changes. */
    private static final String NOT_NUMERIC = "please provide numeric product ID";

    private Contract() {
    }

    /**
     * Reads the ID from everything that follows {@link #RATINGS_PATH} in the path as it was sent. The original decodes
     * and normalises nothing: {@code %30} and {@code 0/} are not numbers.
     *
     * @throws RequestRefusedException if the ID is not a whole decimal number of 32 bits
     */
    public static int productId(String path) {
        try {
            return Integer.parseInt(path.substring(RATINGS_PATH.length()));
        } catch (NumberFormatException e) {
            throw new RequestRefusedException(400, NOT_NUMERIC);
        }
    }
}
