package org.bookinfo.ratings.database;

/**
 * Thrown when the database does not give the ratings. One instance answers every request that the failed read would have
 * served, so it has no stack trace; the driver's exception is logged where it was caught, at DEBUG.
 */
@SuppressWarnings("serial") // never serialised
public final class RatingsUnavailableException extends RuntimeException {

    private final DatabaseFailure failure;
    private final boolean brokeOffLogin;

    /**
     * @param code SQLState and error code, for the operator
     * @param brokeOffLogin whether the server had begun a login, and this side ended it
     */
    RatingsUnavailableException(DatabaseFailure failure, String code, boolean brokeOffLogin) {
        super(code, null, false, false);
        this.failure = failure;
        this.brokeOffLogin = brokeOffLogin;
    }

    boolean brokeOffLogin() {
        return brokeOffLogin;
    }

    public DatabaseFailure failure() {
        return failure;
    }
}
