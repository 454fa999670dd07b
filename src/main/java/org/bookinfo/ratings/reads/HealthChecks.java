package org.bookinfo.ratings.reads;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import io.smallrye.health.api.AsyncHealthCheck;
import io.smallrye.health.api.Wellness;
import io.smallrye.mutiny.Uni;
import org.bookinfo.ratings.diagnosis.Cause;
import org.bookinfo.ratings.diagnosis.DatabaseState;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.bookinfo.ratings.settings.Settings;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/**
 * The health checks: of the process, for probes, and of the database, for operators.
 */
class HealthChecks {

    /**
     * A new process is started and ready once its first read is over: the slowness of a cold start costs no request,
     * and a rollout during an outage completes. Afterwards neither probe depends on the database.
     */
    @Produces
    @Singleton
    @Startup
    @Readiness
    HealthCheck firstRead(DatabaseState state) {
        return () -> HealthCheckResponse.named("first read").status(state.isFirstReadOver()).build();
    }

    /** Reads the ratings, and reports why that fails, since when and what to do. No probe depends on it. */
    @Produces
    @Singleton
    @Wellness
    AsyncHealthCheck database(RatingsReader reader, DatabaseState state, Settings settings) {
        return () -> Uni.createFrom().completionStage(reader::read).map(ratings -> response(settings).up().build())
                .onFailure(RatingsUnavailableException.class)
                .recoverWithItem(e -> down(e, state.outage(), settings));
    }

    private static HealthCheckResponse down(RatingsUnavailableException e, DatabaseState.Outage outage,
            Settings settings) {
        Cause cause = e.cause();
        HealthCheckResponseBuilder response = response(settings).down().withData("cause", cause.label())
                .withData("explanation", cause.explanation()).withData("code", e.getMessage())
                .withData("hint", cause.hint(settings.address()));
        if (outage != null) {
            response.withData("since", outage.since().toString());
        }
        return response.build();
    }

    private static HealthCheckResponseBuilder response(Settings settings) {
        return HealthCheckResponse.named("database").withData("address", settings.address());
    }
}
