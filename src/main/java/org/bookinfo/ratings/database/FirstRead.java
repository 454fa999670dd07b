package org.bookinfo.ratings.database;

import jakarta.inject.Singleton;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/**
 * Keeps a new process from being called started, and ready, before its first read has ended: with the ratings, with a cause that
 * is certain, or because its time is over. So the slowness of a cold start costs no request, and a rollout during an outage
 * still completes. From then on neither depends on the database.
 */
@Startup
@Readiness
@Singleton
class FirstRead implements HealthCheck {

    private final DatabaseState state;

    FirstRead(DatabaseState state) {
        this.state = state;
    }

    @Override
    public HealthCheckResponse call() {
        return HealthCheckResponse.named("first read").status(state.isKnown()).build();
    }
}
