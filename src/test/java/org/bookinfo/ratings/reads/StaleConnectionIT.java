package org.bookinfo.ratings.reads;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class StaleConnectionIT extends StaleConnectionTest {
}
