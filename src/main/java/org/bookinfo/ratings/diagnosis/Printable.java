package org.bookinfo.ratings.diagnosis;

/**
 * Makes text that comes from outside safe for the log: a line break or an escape sequence in it could forge lines.
 */
final class Printable {

    private static final int LONGEST = 64;

    private Printable() {
    }

    /** The text, cut to 64 characters, with {@code ?} in place of everything but visible ASCII and blanks. */
    static String of(String text) {
        String shown = String.valueOf(text).replaceAll("[^ -~]", "?");
        return shown.length() <= LONGEST ? shown : shown.substring(0, LONGEST) + "...";
    }
}
