package org.bookinfo.ratings.diagnosis;

/**
 * Thrown when the database does not give the ratings. One instance answers every request that the failed read would
 * have served, so it has no stack trace.
 */
@SuppressWarnings("serial") // never serialised
public final class RatingsUnavailableException extends RuntimeException {

    private static final int LONGEST_DETAIL = 64;

    private final Cause cause;
    private final boolean brokeOffLogin;

    /** Classifies a failed login or statement. */
    public RatingsUnavailableException(Evidence evidence) {
        this(Cause.of(evidence), evidence.codes(), evidence.isBrokenOffLogin());
    }

    private RatingsUnavailableException(Cause cause, String detail, boolean brokeOffLogin) {
        super(printable(detail), null, false, false);
        this.cause = cause;
        this.brokeOffLogin = brokeOffLogin;
    }

    /** Text from outside could forge lines of the log with line breaks or escape sequences. */
    private static String printable(String text) {
        String visible = text.replaceAll("[^ -~]", "?");
        return visible.length() <= LONGEST_DETAIL ? visible : visible.substring(0, LONGEST_DETAIL) + "...";
    }

    /** @param detail what identifies the rating; it may come from the database */
    public static RatingsUnavailableException invalidRating(String detail) {
        return new RatingsUnavailableException(Cause.RATING_INVALID, detail, false);
    }

    /** For a failure that no statement or login explains. */
    public static RatingsUnavailableException internal(Throwable thrown) {
        return new RatingsUnavailableException(Cause.INTERNAL_ERROR, thrown.getClass().getSimpleName(), false);
    }

    public Cause cause() {
        return cause;
    }

    /** Whether servers count the failure as a login that this side broke off. They block a host after many in a row. */
    public boolean brokeOffLogin() {
        return brokeOffLogin;
    }
}
