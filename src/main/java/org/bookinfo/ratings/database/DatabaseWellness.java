package org.bookinfo.ratings.database;

import jakarta.inject.Singleton;

import io.smallrye.health.api.AsyncHealthCheck;
import io.smallrye.health.api.Wellness;
import io.smallrye.mutiny.Uni;
import org.bookinfo.ratings.settings.Settings;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;

/**
 * What the operator wants to know of the database: whether it gives the ratings now and, if not, why, since when and what
 * to do. No probe depends on it.
 */
@Wellness
@Singleton
class DatabaseWellness implements AsyncHealthCheck {

    private final RatingsReader reader;
    private final DatabaseState state;
    private final Settings settings;

    DatabaseWellness(RatingsReader reader, DatabaseState state, Settings settings) {
        this.reader = reader;
        this.state = state;
        this.settings = settings;
    }

    @Override
    public Uni<HealthCheckResponse> call() {
        return Uni.createFrom().completionStage(reader::read).map(ratings -> up())
                .onFailure(RatingsUnavailableException.class)
                .recoverWithItem(this::down);
    }

    private HealthCheckResponse up() {
        HealthCheckResponseBuilder response = response().up();
        if (state.hasExcessPrivileges()) {
            response.withData("account", ExcessPrivileges.HINT);
        }
        return response.build();
    }

    private HealthCheckResponse down(RatingsUnavailableException e) {
        DatabaseFailure failure = e.failure();
        HealthCheckResponseBuilder response = response().down()
                .withData("cause", failure.label())
                .withData("explanation", failure.explanation())
                .withData("code", e.getMessage())
                .withData("hint", failure.hint(settings.address()));
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
