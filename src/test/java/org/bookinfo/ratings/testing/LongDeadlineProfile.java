package org.bookinfo.ratings.testing;

import java.util.Map;

import io.quarkus.test.junit.QuarkusTestProfile;

/**
 * A service whose requests may wait for the database as long as a setting allows, for tests of what is answered, not of
 * when: a machine that is busy enough makes a login take longer than any deadline.
 */
public final class LongDeadlineProfile implements QuarkusTestProfile {

    @Override
    public Map<String, String> getConfigOverrides() {
        return Map.of("ratings.deadline", "10s");
    }
}
