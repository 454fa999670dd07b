package org.bookinfo.ratings.reads;

import io.quarkus.test.junit.QuarkusIntegrationTest;

@QuarkusIntegrationTest
class OutageIT extends OutageTest {
}
