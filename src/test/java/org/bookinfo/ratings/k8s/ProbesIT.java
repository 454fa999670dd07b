package org.bookinfo.ratings.k8s;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.bookinfo.ratings.testing.DatabaseResource;

@QuarkusIntegrationTest
@WithTestResource(DatabaseResource.class)
class ProbesIT extends ProbesTest {
}
