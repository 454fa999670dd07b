package org.bookinfo.ratings;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

/**
 * Bookinfo's own health answer, which speaks of the process only. Kubernetes' probes use {@code /q/health}.
 */
@Path(HealthResource.PATH)
class HealthResource {

    static final String PATH = "/health";

    private static final Health HEALTHY = new Health("Ratings is healthy");

    @GET
    @Produces(MediaType.APPLICATION_JSON)
    public Health health() {
        return HEALTHY;
    }

    record Health(String status) {
    }
}
