package org.bookinfo.ratings.http;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import io.netty.channel.Channel;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Stops listening before connections are closed. Told to end, the framework turns readiness off, says with each answer that it
 * is the connection's last one, waits, and then closes every connection, whatever is on its way. So for the last part of that
 * wait nobody can connect any more, and what has been accepted is answered.
 */
@Singleton
class ConnectionDraining {

    private final ScheduledExecutorService timer;
    private final Duration delay;
    private final Duration lastRequests;

    private volatile Channel listener;

    ConnectionDraining(ScheduledExecutorService timer,
            @ConfigProperty(name = "quarkus.shutdown.delay") Duration delay,
            @ConfigProperty(name = "ratings.shutdown.last-requests") Duration lastRequests) {
        this.timer = timer;
        this.delay = delay;
        this.lastRequests = lastRequests;
    }

    /** The first request leads to the listener. To close Vert.x's server would close its connections too. */
    void findListener(@Observes Router router) {
        Route route = router.route().order(Integer.MIN_VALUE);
        route.handler(context -> {
            if (context.request().connection() instanceof ConnectionBase connection) {
                listener = connection.channel().parent();
            }
            route.remove();
            context.next();
        });
    }

    /** Dev mode has no delay, and keeps its listener from reload to reload. */
    void begin(@Observes ShutdownDelayInitiatedEvent event) {
        if (delay.isZero()) {
            return;
        }
        timer.schedule(this::stopListening, delay.minus(lastRequests).toMillis(), TimeUnit.MILLISECONDS);
    }

    private void stopListening() {
        if (listener != null) { // else nobody has ever asked anything
            listener.close();
        }
    }
}
