package org.bookinfo.ratings;

/**
 * The body of every answer that is not a success.
 */
record ErrorMessage(String error) {
}
