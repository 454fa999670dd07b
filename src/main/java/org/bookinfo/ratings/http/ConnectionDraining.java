package org.bookinfo.ratings.http;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;

import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.vertx.http.HttpServerStart;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Stops listening before connections are closed. At SIGTERM the framework turns readiness off, announces with each
 * response that the connection ends, waits for {@code quarkus.shutdown.delay}, then closes every connection, also those
 * with a request. For the last part of that delay nobody can connect, and the requests of accepted connections are
 * answered.
 */
@Singleton
class ConnectionDraining {

    private static final Logger LOG = Logger.getLogger(ConnectionDraining.class);

    private final Duration delay;
    private final Duration lastRequests;

    ConnectionDraining(@ConfigProperty(name = "quarkus.shutdown.delay") Duration delay,
            @ConfigProperty(name = "ratings.shutdown.last-requests") Duration lastRequests) {
        this.delay = delay;
        this.lastRequests = lastRequests;
    }

    /** Ends the process where Netty has not found the initializer: connections would have no limits. */
    void requireInitializer(@ObservesAsync HttpServerStart event) {
        if (LaunchMode.current() == LaunchMode.NORMAL && ConnectionInitializer.listener().isEmpty()) {
            LOG.error("Netty has not loaded ConnectionInitializer: start the service by RatingsApplication");
            Quarkus.asyncExit(1);
        }
    }

    /** Dev mode, which has no initializer, keeps its listener from reload to reload. */
    void begin(@Observes ShutdownDelayInitiatedEvent event) {
        ConnectionInitializer.listener().ifPresent(listener -> listener.eventLoop().schedule((Runnable) listener::close,
                delay.minus(lastRequests).toMillis(), TimeUnit.MILLISECONDS));
    }
}
