/**
 * The reads of the ratings: fresh, coalesced and within their time; why they fail; the database's health and metrics. Uses
 * {@code settings} only.
 *
 * <p>The door for others is {@link org.bookinfo.ratings.database.RatingsReader#read()}, with what it gives and what it throws. A
 * new cause of failure enters in {@link org.bookinfo.ratings.database.DatabaseFailure}. Begin with the reader.
 */
package org.bookinfo.ratings.database;
