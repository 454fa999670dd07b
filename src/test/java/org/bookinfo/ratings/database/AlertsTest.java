package org.bookinfo.ratings.database;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.bookinfo.ratings.testing.Prometheus;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The alerts of k8s/components/monitoring in the hands of promtool: when they fire, and that they say what the service itself
 * says.
 */
class AlertsTest {

    private static final Path HOURS = Path.of("src", "test", "prometheus", "alerts.test.yaml");

    /** The alerts go to more people than the health: they name no host. */
    private static final String ADDRESS = "MYSQL_DB_HOST:MYSQL_DB_PORT";

    @TempDir
    private Path folder;

    private Path rules;

    @BeforeEach
    void makeRules() throws IOException {
        rules = Files.writeString(folder.resolve("rules.yaml"), Prometheus.rules());
    }

    @Test
    void rules_asAPlainPrometheusHasThem_areValid() {
        Prometheus.promtool("check", "rules", rules.toString());
    }

    @Test
    void alerts_inHoursOfEachKind_fireAsTheyShould() throws IOException {
        Path hours = folder.resolve(HOURS.getFileName());
        Files.copy(HOURS, hours, StandardCopyOption.REPLACE_EXISTING);

        Prometheus.promtool("test", "rules", hours.toString());
    }

    @Test
    void outage_ofEachCause_isToldInTheWordsOfTheHealth() throws IOException {
        List<Object> tests = new ArrayList<>();
        for (org.bookinfo.ratings.diagnosis.Cause failure : org.bookinfo.ratings.diagnosis.Cause.values()) {
            String labels = "{job=\"r\",instance=\"a\",namespace=\"n\",pod=\"a\"";
            tests.add(Map.of("interval", "1m", "input_series", List.of(
                    Map.of("series", "ratings_database_up" + labels + "}", "values", "0x10"),
                    Map.of("series", "ratings_database_outage" + labels + ",cause=\"" + failure.label() + "\"}",
                            "values", "1x10")),
                    "alert_rule_test", List.of(Map.of("alertname", "RatingsUnavailable", "eval_time", "6m",
                            "exp_alerts", List.of(Map.of("exp_labels",
                                    Map.of("severity", "critical", "namespace", "n", "cause", failure.label()),
                                    "exp_annotations", Map.of(
                                            "summary", "No ratings from the database in n: " + failure.label(),
                                            "description",
                                            "1 of the replicas of ratings v2-mysql have read no ratings for"
                                                    + " 5 minutes or longer. " + failure.explanation() + ": "
                                                    + failure.hint(ADDRESS)
                                                    + ". /q/health/well and the log have the address and the code.")))))));
        }
        Path test = folder.resolve("causes.json");
        new ObjectMapper().writeValue(test.toFile(), Map.of("rule_files", List.of("rules.yaml"), "tests", tests));

        Prometheus.promtool("test", "rules", test.toString());
    }
}
