/**
 * What a user may set by the environment, checked before anything uses it. A new variable enters in
 * {@link org.bookinfo.ratings.settings.Settings}; what only developers set stands in {@code application.properties}. Uses no
 * other package.
 */
package org.bookinfo.ratings.settings;
