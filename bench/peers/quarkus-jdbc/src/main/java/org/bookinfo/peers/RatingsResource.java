package org.bookinfo.peers;

import java.sql.SQLException;

import io.smallrye.common.annotation.Blocking;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;

@Path("/")
public class RatingsResource {

    private final RatingsRepository repository;

    RatingsResource(RatingsRepository repository) {
        this.repository = repository;
    }

    @GET
    @Path("worker/ratings/{productId}")
    @Blocking
    public ProductRatings onWorker(int productId) throws SQLException {
        return repository.find(productId);
    }

    @GET
    @Path("virtual/ratings/{productId}")
    @RunOnVirtualThread
    public ProductRatings onVirtualThread(int productId) throws SQLException {
        return repository.find(productId);
    }
}
