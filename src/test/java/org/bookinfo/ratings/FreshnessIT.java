package org.bookinfo.ratings;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import io.quarkus.test.junit.TestProfile;

@QuarkusIntegrationTest
@TestProfile(FreshnessTest.Patient.class)
@WithTestResource(DatabaseResource.class)
class FreshnessIT extends FreshnessTest {
}
