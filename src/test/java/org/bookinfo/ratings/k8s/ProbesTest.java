package org.bookinfo.ratings.k8s;

import java.util.List;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import org.bookinfo.ratings.testing.DatabaseResource;
import org.junit.jupiter.api.Test;

import static io.restassured.RestAssured.get;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * The probes of the Deployment ask for what the running application has.
 */
@QuarkusTest
@WithTestResource(DatabaseResource.class)
class ProbesTest {

    @Test
    void probes_ofTheDeployment_areAnsweredUp() {
        Container container = Manifests.chart().the(Deployment.class).getSpec().getTemplate().getSpec().getContainers()
                .get(0);

        List<String> paths = Stream
                .of(container.getStartupProbe(), container.getLivenessProbe(), container.getReadinessProbe())
                .map(probe -> probe.getHttpGet().getPath()).toList();

        assertEquals(3, paths.size());
        for (String path : paths) {
            get(path).then().statusCode(200).body("status", is("UP"));
        }
    }
}
