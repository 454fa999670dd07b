package org.bookinfo.ratings;

/**
 * Thrown when the database does not give the ratings. One instance answers every request that the failed read would have
 * served, so it has no stack trace; the driver's exception is logged where it was caught, at DEBUG.
 */
@SuppressWarnings("serial") // never serialised
final class RatingsUnavailableException extends RuntimeException {

    private final DatabaseFailure failure;

    /**
     * @param code SQLState and error code, for the operator
     */
    RatingsUnavailableException(DatabaseFailure failure, String code) {
        super(code, null, false, false);
        this.failure = failure;
    }

    DatabaseFailure failure() {
        return failure;
    }
}
