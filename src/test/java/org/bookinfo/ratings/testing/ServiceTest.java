package org.bookinfo.ratings.testing;

import java.net.URI;
import java.util.Map;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTestProfile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * A test of the running service beside a real database that fails on demand. Each test begins with right ratings.
 */
@WithTestResource(DatabaseResource.class)
public abstract class ServiceTest {

    /** For tests of responses, not of their time: on a busy machine a login may take longer than any deadline. */
    public static final class LongDeadline implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("ratings.deadline", "10s");
        }
    }

    protected final TestDatabase database = DatabaseResource.database();
    protected final FaultyProxy proxy = DatabaseResource.proxy();
    protected Http http;

    @TestHTTPResource("/")
    protected URI service;

    @BeforeEach
    protected final void awaitRatings() {
        http = new Http(service);
        http.await(Http.GOOD);
    }

    @AfterEach
    protected final void restore() {
        proxy.restore();
        database.undo();
    }
}
