/**
 * What the service answers: the resources, their representations, and {@link org.bookinfo.ratings.ErrorResponses}, the
 * one place where a failure becomes a status and a body. {@link org.bookinfo.ratings.Contract} has the paths and the
 * texts.
 *
 * <p>New parts of the HTTP contract belong here. How ratings are read, and what every request passes through, does not.
 * Begin with {@link org.bookinfo.ratings.RatingsResource}.
 */
package org.bookinfo.ratings;
