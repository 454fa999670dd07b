package org.bookinfo.ratings.testing;

/**
 * How much a test does that finds more the more it does: a little by default, all of it in continuous integration
 * ({@code ./mvnw verify -Pfull}).
 */
public final class TestEffort {

    private static final boolean FULL = Boolean.getBoolean("ratings.tests.full");

    private TestEffort() {
    }

    public static int size(int small, int full) {
        return FULL ? full : small;
    }
}
