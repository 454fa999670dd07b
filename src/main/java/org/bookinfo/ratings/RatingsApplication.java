package org.bookinfo.ratings;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;

/**
 * Starts the service.
 */
@QuarkusMain
public class RatingsApplication {

    public static void main(String... args) {
        // Quarkus would refuse a URI that java.net.URI does not accept before any route sees it, with an empty answer. The
        // contract has its own answer to /ratings/%, and the router checks what it decodes itself. A native build and the
        // tests, which do not come by here, set the same property.
        System.setProperty("vertx.disableURIValidation", "true");
        // Lets Netty find ConnectionGuard.
        System.setProperty("io.netty.bootstrap.extensions", "serviceload");
        Quarkus.run(args);
    }
}
