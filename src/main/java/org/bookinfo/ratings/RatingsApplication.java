package org.bookinfo.ratings;

import java.security.Security;
import java.util.List;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import org.bookinfo.ratings.settings.SettingsCheck;

/**
 * Starts the service.
 */
@QuarkusMain
public class RatingsApplication {

    /**
     * For how long Java keeps what a host name resolves to, or that it does not; by default 30 s and 10 s. A database
     * that moves, as managed ones do to fail over, is found soon; and the resolver is not asked by each attempt of an
     * outage.
     */
    private static final String ADDRESS_SECONDS = "1";

    public static void main(String... args) {
        // The log manager resolves the host name on first use, which freezes Java's DNS cache policy. To set a security
        // property is such a use, so only one of these two can be one: the one that Java's own file has.
        System.setProperty("sun.net.inetaddr.ttl", ADDRESS_SECONDS);
        Security.setProperty("networkaddress.cache.negative.ttl", ADDRESS_SECONDS);
        boolean devMode = Boolean.getBoolean("ratings.dev-mode"); // set by the POM: Quarkus's own mode is not known yet
        List<String> errors = SettingsCheck.errors(SettingsCheck.environment(), devMode);
        if (!errors.isEmpty()) {
            errors.forEach(System.err::println);
            System.exit(1);
        }
        // The contract has an answer to /ratings/%, which Quarkus would refuse with an empty response. A native build
        // and tests, which do not run this method, set the same property.
        System.setProperty("vertx.disableURIValidation", "true");
        // Lets Netty find ConnectionInitializer.
        System.setProperty("io.netty.bootstrap.extensions", "serviceload");
        Quarkus.run(args);
    }
}
