package org.bookinfo.ratings;

import java.security.Security;
import java.util.List;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import org.bookinfo.ratings.dev.DevModeApplication;
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
        // Before anything logs, as the log manager asks for this host's name, and that settles both for good. It hears
        // even of the
        // first call that sets a security property; so only one of the two can be set that way, the one that Java's own
        // file has.
        System.setProperty("sun.net.inetaddr.ttl", ADDRESS_SECONDS);
        Security.setProperty("networkaddress.cache.negative.ttl", ADDRESS_SECONDS);
        boolean devMode = Boolean.getBoolean("ratings.dev-mode"); // set by the POM: Quarkus's own mode is not known yet
        List<String> errors = SettingsCheck.errors(SettingsCheck.environment(), devMode);
        if (!errors.isEmpty()) {
            errors.forEach(System.err::println);
            System.exit(1);
        }
        // Quarkus would refuse a URI that java.net.URI does not accept before any route sees it, with an empty answer.
        // The
        // contract has its own answer to /ratings/%, and the router checks what it decodes itself. A native build and
        // the
        // tests, which do not come by here, set the same property.
        System.setProperty("vertx.disableURIValidation", "true");
        // Lets Netty find ConnectionInitializer.
        System.setProperty("io.netty.bootstrap.extensions", "serviceload");
        if (devMode) {
            Quarkus.run(DevModeApplication.class, args);
        } else {
            Quarkus.run(args);
        }
    }
}
