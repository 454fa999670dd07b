/**
 * Dev mode's embedded database, which tests use too, and the line that dev mode logs once it has started. In the
 * packaged application this package does nothing; only the main method uses it. Begin with {@link
 * org.bookinfo.ratings.dev.EmbeddedDatabaseConfig}.
 */
package org.bookinfo.ratings.dev;
