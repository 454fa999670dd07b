package org.bookinfo.ratings.k8s;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static io.restassured.RestAssured.get;
import static org.hamcrest.Matchers.is;

/**
 * The probes of the Deployment ask for what the running application has.
 */
@QuarkusTest
@WithTestResource(DatabaseResource.class)
class ProbesTest {

    @ParameterizedTest
    @ValueSource(strings = {"startupProbe", "livenessProbe", "readinessProbe"})
    void probe_ofTheDeployment_isAnsweredUp(String probe) {
        String path = "/spec/template/spec/containers/0/" + probe + "/httpGet/path";

        get(Manifests.chart().at("Deployment/ratings-v2-mysql", path).asText()).then().statusCode(200)
                .body("status", is("UP"));
    }
}
