/**
 * Dev mode's embedded database, which tests use too, and the pages that dev mode logs. In the packaged application this
 * package does nothing; no other package uses it. Begin with {@link org.bookinfo.ratings.dev.DevMode}.
 */
package org.bookinfo.ratings.dev;
