package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;

import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.PackagedApplication;
import org.bookinfo.ratings.testing.TestDatabase;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.bookinfo.ratings.testing.Http.GOOD;
import static org.bookinfo.ratings.testing.Http.NOT_CONNECTED;
import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * The packaged application, beside a resolver whose answers change: a name that comes late, one that moves to another
 * address, as those of managed databases do to fail over, and one with two addresses.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "127.0.0.2 is an address of this host on Linux only")
class HostNameIT {

    private static final String NAME = "database.example";

    /**
     * The design promises 1.5 s. The rest is room for a slow shared machine; Java by itself takes up to 10 and 30 s.
     */
    private static final Duration RECOVERY = Duration.ofSeconds(4);

    private static TestDatabase database;

    @TempDir
    private Path folder;

    @BeforeAll
    static void startDatabase() {
        database = TestDatabase.start();
    }

    @Test
    void name_thatComesLate_isFound() throws IOException {
        try (FaultyProxy proxy = new FaultyProxy(database)) {
            resolve("another.example", "127.0.0.1");
            try (PackagedApplication application = start(proxy)) {
                application.http().awaitCause("unknown-host");
                assertEquals(200, application.http().get("/q/health/ready").status());
                resolve(NAME, "127.0.0.1");
                application.http().await(GOOD, RECOVERY);
            }
        }
    }

    /** As by a silent name server: reading the file blocks, because nobody writes into a named pipe. */
    @Test
    void name_whoseLookupHangs_isNameLookupTimeoutUntilItEnds() throws Exception {
        try (FaultyProxy proxy = new FaultyProxy(database)) {
            resolve(NAME, "127.0.0.1");
            try (PackagedApplication application = start(proxy)) {
                application.http().await(GOOD);
                Path pipe = folder.resolve("pipe");
                assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
                Files.move(pipe, hosts(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                proxy.set(Fault.CLOSED);
                application.http().awaitCause("name-lookup-timeout");
                proxy.set(Fault.NONE);
                Files.move(hosts(), pipe);
                resolve(NAME, "127.0.0.1");
                Files.writeString(pipe, "127.0.0.1 " + NAME + "\n");
                application.http().await(GOOD);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"REFUSED", "SILENT"})
    void name_thatMovesAwayFromAnAddress_isFollowed(Fault atTheOldAddress) throws IOException {
        try (FaultyProxy from = new FaultyProxy(database); FaultyProxy to = beside(from)) {
            resolve(NAME, "127.0.0.1");
            try (PackagedApplication application = start(from)) {
                application.http().await(GOOD);
                from.set(atTheOldAddress);
                application.http().await(NOT_CONNECTED);
                resolve(NAME, "127.0.0.2");
                application.http().await(GOOD, RECOVERY);
                assertEquals(1, to.connections());
            }
        }
    }

    /** Behind a sidecar that lets one of them through, connecting to the other one succeeds as well. */
    @ParameterizedTest
    @EnumSource(names = {"REFUSED", "DROPPED", "CLOSED", "SILENT"})
    void name_withAnAddressThatFails_isReachedAtTheOther(Fault fault) throws IOException {
        try (FaultyProxy first = new FaultyProxy(database); FaultyProxy second = beside(first)) {
            resolve(NAME, "127.0.0.1", "127.0.0.2");
            first.set(fault);
            try (PackagedApplication application = start(first)) {
                application.http().await(GOOD);
                assertEquals(1, second.connections());
                second.set(fault);
                application.http().await(NOT_CONNECTED);
                first.set(Fault.NONE);
                application.http().await(GOOD, RECOVERY);
            }
        }
    }

    /** At another address, on the same port. */
    private static FaultyProxy beside(FaultyProxy other) {
        return new FaultyProxy(new InetSocketAddress(database.host(), database.port()), null,
                new InetSocketAddress("127.0.0.2", other.port()));
    }

    /** From now on, all at once. */
    private void resolve(String name, String... addresses) throws IOException {
        Path next = Files.write(folder.resolve("next"),
                Stream.of(addresses).map(address -> address + " " + name).toList());
        Files.move(next, hosts(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private Path hosts() {
        return folder.resolve("hosts");
    }

    /** Java resolves names with the file that this property names, instead of the system's resolver. */
    private PackagedApplication start(FaultyProxy proxy) {
        return new PackagedApplication(TestDatabase.environment(NAME, proxy.port()),
                Map.of("jdk.net.hosts.file", hosts().toString())).awaitStart();
    }
}
