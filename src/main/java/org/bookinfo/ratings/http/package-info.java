/**
 * The edge: what happens to a request before a resource sees it, and how the process ends. Knows the resources' paths and the
 * answers to failures; nobody calls it, it registers itself.
 *
 * <ul>
 * <li>{@link org.bookinfo.ratings.http.ConnectionGuard}: ends connections whose request does not arrive, or is none.
 * <li>{@link org.bookinfo.ratings.http.RequestMetrics}: counts and times the answers.
 * <li>{@link org.bookinfo.ratings.http.RequestBodies}: reads a request's body, up to the limit.
 * <li>{@link org.bookinfo.ratings.http.RequestFilter}: lets a request match the way it does for the original.
 * <li>{@link org.bookinfo.ratings.http.GracefulShutdown}: drains the connections when the process is told to end.
 * </ul>
 * That is the order in which a request meets them.
 */
package org.bookinfo.ratings.http;
