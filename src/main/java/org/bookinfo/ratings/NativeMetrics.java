package org.bookinfo.ratings;

import java.util.Set;

import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

import io.micrometer.core.instrument.config.MeterFilter;
import io.quarkus.runtime.ImageMode;

/**
 * Leaves out of a native executable's metrics what it cannot tell: it has no classes to load, knows neither its threads' states
 * nor the most that its memory may grow to, and would say 0 or -1.
 */
final class NativeMetrics {

    private static final Set<String> UNKNOWN_IN_NATIVE = Set.of("jvm.classes.loaded", "jvm.classes.loaded.count",
            "jvm.classes.unloaded", "jvm.memory.max", "jvm.threads.states");

    @Produces
    @Singleton
    static MeterFilter filter() {
        return filter(ImageMode.current().isNativeImage());
    }

    static MeterFilter filter(boolean nativeImage) {
        return MeterFilter.deny(meter -> nativeImage && UNKNOWN_IN_NATIVE.contains(meter.getName()));
    }
}
