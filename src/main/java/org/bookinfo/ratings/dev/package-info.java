/**
 * Dev mode's own database, which the tests use too, and its last word at the start. Nothing of it works in the packaged
 * application, and only the main method uses it. Begin with {@link org.bookinfo.ratings.dev.EmbeddedDatabaseConfig}.
 */
package org.bookinfo.ratings.dev;
