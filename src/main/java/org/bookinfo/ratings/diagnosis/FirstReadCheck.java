package org.bookinfo.ratings.diagnosis;

import jakarta.inject.Singleton;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/**
 * Reports a new process as started and ready once its first read is over. The slowness of a cold start then costs no
 * request, and a rollout during an outage still completes. Afterwards neither probe depends on the database.
 */
@Startup
@Readiness
@Singleton
class FirstReadCheck implements HealthCheck {

    private final DatabaseState state;

    FirstReadCheck(DatabaseState state) {
        this.state = state;
    }

    @Override
    public HealthCheckResponse call() {
        return HealthCheckResponse.named("first read").status(state.isFirstReadOver()).build();
    }
}
