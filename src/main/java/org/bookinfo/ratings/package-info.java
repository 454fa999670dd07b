/**
 * The HTTP contract: the resources with their representations, the paths and IDs, and {@link
 * org.bookinfo.ratings.ErrorResponses}, the one place where a failure becomes a status and a body. Begin with {@link
 * org.bookinfo.ratings.RatingsResource}.
 */
package org.bookinfo.ratings;
