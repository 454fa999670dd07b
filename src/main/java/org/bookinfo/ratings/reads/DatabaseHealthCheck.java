package org.bookinfo.ratings.reads;

import jakarta.inject.Singleton;

import io.smallrye.health.api.AsyncHealthCheck;
import io.smallrye.health.api.Wellness;
import io.smallrye.mutiny.Uni;
import org.bookinfo.ratings.diagnosis.Cause;
import org.bookinfo.ratings.diagnosis.DatabaseState;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.bookinfo.ratings.settings.Settings;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;

/**
 * Reports whether the database gives the ratings now and, if not, why, since when and what to do. No probe depends on
 * it.
 */
@Wellness
@Singleton
class DatabaseHealthCheck implements AsyncHealthCheck {

    private final RatingsReader reader;
    private final DatabaseState state;
    private final Settings settings;

    DatabaseHealthCheck(RatingsReader reader, DatabaseState state, Settings settings) {
        this.reader = reader;
        this.state = state;
        this.settings = settings;
    }

    @Override
    public Uni<HealthCheckResponse> call() {
        return Uni.createFrom().completionStage(reader::read).map(ratings -> response().up().build())
                .onFailure(RatingsUnavailableException.class)
                .recoverWithItem(this::down);
    }

    private HealthCheckResponse down(RatingsUnavailableException e) {
        Cause cause = e.cause();
        HealthCheckResponseBuilder response = response().down()
                .withData("cause", cause.label())
                .withData("explanation", cause.explanation())
                .withData("code", e.getMessage())
                .withData("hint", cause.hint(settings.address()));
        DatabaseState.Outage outage = state.outage();
        if (outage != null) {
            response.withData("since", outage.since().toString());
        }
        return response.build();
    }

    private HealthCheckResponseBuilder response() {
        return HealthCheckResponse.named("database").withData("address", settings.address());
    }
}
