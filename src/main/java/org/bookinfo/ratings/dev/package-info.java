/**
 * Dev mode's own database, which the tests use too. Nothing of it works in the packaged application, and nothing else uses it.
 * Begin with {@link org.bookinfo.ratings.dev.EmbeddedDatabaseConfig}.
 */
package org.bookinfo.ratings.dev;
