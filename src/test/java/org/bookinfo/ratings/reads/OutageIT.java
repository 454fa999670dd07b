package org.bookinfo.ratings.reads;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusIntegrationTest;
import org.bookinfo.ratings.testing.DatabaseResource;

@QuarkusIntegrationTest
@WithTestResource(DatabaseResource.class)
class OutageIT extends OutageTest {
}
