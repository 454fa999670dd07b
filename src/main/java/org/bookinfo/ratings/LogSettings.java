package org.bookinfo.ratings;

import java.util.List;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;

import io.quarkus.runtime.StartupEvent;
import org.eclipse.microprofile.config.Config;

/**
 * What the environment says of the log, checked before it starts to matter. The framework would take any word for false,
 * and an empty one, for JSON, for true.
 */
@Singleton
class LogSettings {

    private static final List<String> SWITCHES = List.of("RATINGS_LOG_JSON", "RATINGS_ACCESS_LOG");

    private final Config config;

    LogSettings(Config config) {
        this.config = config;
    }

    /**
     * @throws IllegalStateException caused by a sentence that names the variable; it ends the process with exit code 1
     */
    void check(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) {
        for (String variable : SWITCHES) {
            String value = config.getConfigValue(variable).getRawValue();
            DatabaseSettings.refuseUnless(value == null || value.equals("true") || value.equals("false"), variable,
                    "must be true or false");
        }
    }
}
