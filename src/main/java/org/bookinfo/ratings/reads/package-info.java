/**
 * The reads of the ratings: fresh, coalesced and in time; and the one session at the database that they need. Uses
 * {@code diagnosis} and {@code settings}.
 *
 * <p>The door for others is {@link org.bookinfo.ratings.reads.RatingsReader#read()}. From there a read goes through
 * {@link org.bookinfo.ratings.reads.RequestCoalescing}, {@link org.bookinfo.ratings.reads.RatingsRepository} and
 * {@link org.bookinfo.ratings.reads.Session}; {@link org.bookinfo.ratings.reads.Connector} opens sessions.
 */
package org.bookinfo.ratings.reads;
