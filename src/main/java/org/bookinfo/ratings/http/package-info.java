/**
 * The edge: connections, what happens to a request before a resource sees it, and how the process ends. Knows the resources'
 * paths, the answers to failures and the settings; nobody calls it, it registers itself.
 *
 * <ul>
 * <li>{@link org.bookinfo.ratings.http.ConnectionGuard}: puts each connection under the rules of this package.
 * <li>{@link org.bookinfo.ratings.http.Connections}: how many there may be, and for how long they may keep the service waiting.
 * <li>{@link org.bookinfo.ratings.http.GuardedConnection}: one of them; what it waits for, and what is HTTP.
 * <li>{@link org.bookinfo.ratings.http.PipelinedRequests}: hands the server one request of a connection at a time.
 * <li>{@link org.bookinfo.ratings.http.RequestMetrics}: counts and times the answers.
 * <li>{@link org.bookinfo.ratings.http.RequestBodies}: reads a request's body, up to the limit.
 * <li>{@link org.bookinfo.ratings.http.RequestFilter}: lets a request match by its path and method as they were sent.
 * <li>{@link org.bookinfo.ratings.http.ConnectionDraining}: drains the connections when the process is told to end.
 * </ul>
 * That is the order in which a request meets them. Begin with {@code ConnectionGuard}.
 */
package org.bookinfo.ratings.http;
