package org.bookinfo.ratings.reads;

import java.util.HashMap;
import java.util.Map;

import jakarta.inject.Singleton;

import io.quarkus.arc.Unremovable;
import io.quarkus.credentials.CredentialsProvider;
import io.quarkus.runtime.LaunchMode;
import org.bookinfo.ratings.settings.Settings;

/**
 * Hands what the driver needs for the login to the datasource, as it stands in the environment. Through the
 * datasource's own settings it would be subject to expression expansion, and a password may contain anything.
 */
@Singleton
@Unremovable // looked up by type, by the datasource
class DatabaseCredentials implements CredentialsProvider {

    private final Settings settings;

    DatabaseCredentials(Settings settings) {
        this.settings = settings;
    }

    /**
     * Host, port, user, password, SSL mode, how long the server may be silent and, if set, the trust store. Every entry
     * becomes a property of the driver.
     */
    @Override
    public Map<String, String> getCredentials(String name) {
        Map<String, String> credentials = new HashMap<>();
        credentials.put("host", settings.host());
        credentials.put("port", settings.port());
        credentials.put(USER_PROPERTY_NAME, settings.user());
        credentials.put(PASSWORD_PROPERTY_NAME, settings.password());
        credentials.put("sslMode", settings.sslMode());
        // Only dev mode needs these timeouts: there, nothing else ends a wait (see Session).
        String silence = String.valueOf(
                (LaunchMode.current() == LaunchMode.DEVELOPMENT ? settings.deadline() : Connector.LONGEST_LOGIN)
                        .toMillis());
        credentials.put("connectTimeout", silence);
        credentials.put("socketTimeout", silence);
        settings.trustStore().ifPresent(file -> {
            credentials.put("trustCertificateKeyStoreUrl", file.toUri().toString());
            credentials.put("trustCertificateKeyStoreType", "PKCS12");
            credentials.put("trustCertificateKeyStorePassword", settings.trustStorePassword());
        });
        return credentials;
    }
}
