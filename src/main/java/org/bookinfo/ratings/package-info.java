/**
 * What the service answers: its resources, what they answer with, and {@link org.bookinfo.ratings.ErrorMappers}, the one place
 * where a failure becomes a status and a body.
 *
 * <p>What is new in the HTTP contract enters here; how the ratings are read does not, nor what any request goes through. Begin
 * with {@link org.bookinfo.ratings.RatingsResource}.
 */
package org.bookinfo.ratings;
