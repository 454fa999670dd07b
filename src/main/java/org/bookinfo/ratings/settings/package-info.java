/**
 * The settings of a user: environment variables. {@link org.bookinfo.ratings.settings.Settings} has their values,
 * {@link org.bookinfo.ratings.settings.SettingsCheck} their rules. {@code application.properties} has the settings for
 * developers. Uses no other package.
 */
package org.bookinfo.ratings.settings;
