/**
 * Why the database does not give the ratings: the table of causes, the outage under way, its log lines and metrics.
 * Uses only {@code settings}; knows nothing of how the ratings are read, nor of HTTP but the status and error of each
 * cause.
 *
 * <p>To add a cause, add a constant to {@link org.bookinfo.ratings.diagnosis.Cause}, the table: begin there.
 */
package org.bookinfo.ratings.diagnosis;
