package org.bookinfo.peers;

import java.util.concurrent.CompletionStage;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;

@Path("ratings/{productId}")
public class RatingsResource {

    private final RatingsRepository repository;

    RatingsResource(RatingsRepository repository) {
        this.repository = repository;
    }

    @GET
    public CompletionStage<ProductRatings> get(int productId) {
        return repository.find(productId);
    }
}
