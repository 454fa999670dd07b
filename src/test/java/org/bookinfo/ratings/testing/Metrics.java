package org.bookinfo.ratings.testing;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * What a scrape shows.
 *
 * @param values by series: the name and its labels, as they are written
 */
public record Metrics(String text, Map<String, Double> values) {

    public static Metrics of(Http http) {
        Http.Answer answer = http.get("/q/metrics", "Accept: text/plain");
        assertEquals(200, answer.status());
        Map<String, Double> values = new TreeMap<>();
        answer.body().lines().filter(line -> !line.startsWith("#")).forEach(line -> {
            int end = line.lastIndexOf(' ');
            assertEquals(null, values.put(line.substring(0, end), Double.valueOf(line.substring(end + 1))), line);
        });
        return new Metrics(answer.body(), values);
    }

    /** Zero where there is no such series. */
    public double value(String series) {
        return values.getOrDefault(series, 0.0);
    }

    public Set<String> series(String name) {
        Set<String> series = new TreeSet<>(values.keySet());
        series.removeIf(one -> !name(one).equals(name));
        return series;
    }

    public double sum(String name) {
        return series(name).stream().mapToDouble(values::get).sum();
    }

    public Set<String> names() {
        Set<String> names = new TreeSet<>();
        values.keySet().forEach(series -> names.add(name(series)));
        return names;
    }

    private static String name(String series) {
        return series.replaceFirst("\\{.*", "");
    }
}
