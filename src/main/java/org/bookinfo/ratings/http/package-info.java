/**
 * The edge: connections, what every request passes through before a resource sees it, and how the process ends. Nothing
 * calls this package; it registers itself. It knows the contract, the responses to failures and the settings.
 *
 * <ul>
 * <li>{@link org.bookinfo.ratings.http.ConnectionInitializer}: sets the limits of each connection.
 * <li>{@link org.bookinfo.ratings.http.OpenConnections}: limits their number.
 * <li>{@link org.bookinfo.ratings.http.RequestDecoder}: decodes one request at a time, and decides what is HTTP.
 * <li>{@link org.bookinfo.ratings.http.ConnectionHandler}: limits how long a connection waits for its client.
 * <li>{@link org.bookinfo.ratings.http.Routes}: metrics, headers, body, path and method of a request.
 * <li>{@link org.bookinfo.ratings.http.ConnectionDraining}: drains the connections at SIGTERM.
 * </ul>
 * A request meets them in that order. Begin with {@code Routes}.
 */
package org.bookinfo.ratings.http;
