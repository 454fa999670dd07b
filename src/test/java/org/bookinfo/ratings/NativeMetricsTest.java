package org.bookinfo.ratings;

import java.util.Set;
import java.util.TreeSet;

import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;

class NativeMetricsTest {

    @Test
    void filter_nativeExecutable_leavesOutWhatItCannotTell() {
        Set<String> left = names(false);

        left.removeAll(names(true));

        assertEquals(Set.of("jvm.classes.loaded", "jvm.classes.loaded.count", "jvm.classes.unloaded", "jvm.memory.max",
                "jvm.threads.states"), left);
    }

    private static Set<String> names(boolean nativeImage) {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        registry.config().meterFilter(NativeMetrics.filter(nativeImage));
        new ClassLoaderMetrics().bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        Set<String> names = new TreeSet<>();
        registry.getMeters().forEach(meter -> names.add(meter.getId().getName()));
        return names;
    }
}
