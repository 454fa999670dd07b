package org.bookinfo.ratings;

/**
 * Thrown when a request gets one of the contract's own refusals.
 */
@SuppressWarnings("serial") // never serialised
final class RequestRefusedException extends RuntimeException {

    private final int status;

    /**
     * @param message the error in the response
     */
    RequestRefusedException(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    int status() {
        return status;
    }
}
