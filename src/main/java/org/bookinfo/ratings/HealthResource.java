package org.bookinfo.ratings;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import io.smallrye.common.annotation.NonBlocking;

/**
 * Bookinfo's own health answer, which speaks of the process only. Kubernetes' probes use {@code /q/health}.
 */
@Path(Contract.HEALTH_PATH)
@NonBlocking
public class HealthResource {

    private static final Health HEALTHY = new Health("Ratings is healthy");

    @GET
    @Produces(MediaType.APPLICATION_JSON)
    public Health health() {
        return HEALTHY;
    }

    record Health(String status) {
    }
}
