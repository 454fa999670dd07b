package org.bookinfo.ratings.k8s;

import org.bookinfo.ratings.testing.Prometheus;
import org.junit.jupiter.api.Test;

/**
 * The alerts, evaluated by promtool: whether they are valid, and when they fire.
 */
class AlertsTest {

    @Test
    void rules_forPrometheus_areValid() {
        Prometheus.promtool("check", "rules", Prometheus.RULES.toString());
    }

    @Test
    void alerts_inHoursOfEachKind_fireAsTheyShould() {
        Prometheus.promtool("test", "rules", "src/test/prometheus/alerts.test.yaml");
    }
}
