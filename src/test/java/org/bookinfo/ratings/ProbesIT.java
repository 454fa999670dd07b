package org.bookinfo.ratings;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class ProbesIT extends ProbesTest {
}
