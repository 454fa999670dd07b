/**
 * The settings of a user: environment variables. {@link org.bookinfo.ratings.settings.Settings} has their values,
 * {@link org.bookinfo.ratings.settings.SettingsCheck} their rules. Settings for developers are in
 * {@code application.properties}. Uses no other package.
 */
package org.bookinfo.ratings.settings;
