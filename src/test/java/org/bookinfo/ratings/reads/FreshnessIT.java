package org.bookinfo.ratings.reads;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.bookinfo.ratings.testing.LongDeadlineProfile;

@QuarkusIntegrationTest
@TestProfile(LongDeadlineProfile.class)
@WithTestResource(DatabaseResource.class)
class FreshnessIT extends FreshnessTest {
}
