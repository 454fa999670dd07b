package org.bookinfo.ratings.settings;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.quarkus.credentials.CredentialsProvider;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.config.Expressions;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;

/**
 * The settings of a user, which are environment variables. {@link SettingsCheck} checks them. The datasource gets those
 * of the database from this class: through its own settings, a password with {@code ${...}} would be expanded.
 */
@Singleton
public class Settings implements CredentialsProvider {

    private static final Logger LOG = Logger.getLogger(Settings.class);

    static final String HOST = "MYSQL_DB_HOST";
    static final String PORT = "MYSQL_DB_PORT";
    static final String USER = "MYSQL_DB_USER";
    static final String PASSWORD = "MYSQL_DB_PASSWORD";
    static final String SSL_MODE = "MYSQL_DB_SSL_MODE";
    static final String TRUST_STORE = "MYSQL_DB_TRUST_STORE";
    static final String TRUST_STORE_PASSWORD = "MYSQL_DB_TRUST_STORE_PASSWORD";

    static final String VERIFY_IDENTITY = "VERIFY_IDENTITY";

    /** Users read a password with these as a mistake; the server does not. */
    private static final Pattern SUSPICIOUS = Pattern.compile("(?s)\\s.*|.*\\s|([\"']).*\\1");

    private final Config config;

    Settings(Config config) {
        this.config = config;
    }

    /** Values that are allowed, and probably a mistake. */
    void warn(@Observes StartupEvent event) {
        for (String variable : List.of(USER, PASSWORD)) {
            if (SUSPICIOUS.matcher(value(variable)).matches()) {
                LOG.warnf("%s has white space or quotation marks around it, which are taken as part of it", variable);
            }
        }
        if (!value(TRUST_STORE).isEmpty() && !sslMode().startsWith("VERIFY_")) {
            LOG.warnf("%s is not used: %s is %s, which does not verify the server", TRUST_STORE, SSL_MODE, sslMode());
        }
    }

    /** How long a request may wait for the database. */
    public Duration deadline() {
        return config.getValue("ratings.deadline", Duration.class);
    }

    /** The database's host and port, for messages. */
    public String address() {
        String host = value(HOST);
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port();
    }

    /** Every entry becomes a property of the driver. */
    @Override
    public Map<String, String> getCredentials(String name) {
        Map<String, String> properties = new HashMap<>(Map.of("host", host(), "port", port(), "sslMode", sslMode(),
                USER_PROPERTY_NAME, value(USER), PASSWORD_PROPERTY_NAME, value(PASSWORD)));
        if (!value(TRUST_STORE).isEmpty()) {
            properties.put("trustCertificateKeyStoreUrl", Path.of(value(TRUST_STORE)).toUri().toString());
            properties.put("trustCertificateKeyStoreType", "PKCS12");
            properties.put("trustCertificateKeyStorePassword", value(TRUST_STORE_PASSWORD));
        }
        return properties;
    }

    /**
     * To verify the server, the driver compares this text with the certificate's names as Java reads them: without a
     * final dot, and with all parts of an IPv6 address.
     */
    private String host() {
        String host = value(HOST);
        return sslMode().equals(VERIFY_IDENTITY)
                ? SettingsCheck.ipv6(host).orElse(host.replaceFirst("\\.$", ""))
                : host;
    }

    private String port() {
        String port = value(PORT);
        return port.isEmpty() ? "3306" : port;
    }

    /** By default, encrypted whenever the server can encrypt. */
    private String sslMode() {
        String mode = value(SSL_MODE);
        return mode.isEmpty() ? "PREFERRED" : mode.toUpperCase(Locale.ROOT);
    }

    /** The unchanged value; empty if the variable is not set. */
    private String value(String variable) {
        return Expressions.withoutExpansion(() -> config.getOptionalValue(variable, String.class)).orElse("");
    }
}
