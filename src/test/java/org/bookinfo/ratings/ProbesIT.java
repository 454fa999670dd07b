package org.bookinfo.ratings;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
@WithTestResource(DatabaseResource.class)
class ProbesIT extends ProbesTest {
}
