package org.bookinfo.ratings.reads;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;

import org.bookinfo.ratings.testing.Await;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.FaultyProxy.Fault;
import org.bookinfo.ratings.testing.Http;
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
import static org.junit.jupiter.api.Assertions.assertEquals;

/**
 * The packaged application, beside a resolver of names whose mind changes: a name that comes late, one that moves to
 * another address, as those of managed databases do to fail over, and one with two addresses.
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
            try (PackagedApplication application = start(proxy.port())) {
                Http http = application.http();
                Await.until("the cause is told",
                        () -> http.get("/q/health/well").body().contains("\"cause\": \"unknown-host\""));
                resolve(NAME, "127.0.0.1");
                Await.until("right answers", RECOVERY, () -> http.get("/ratings/0").summary().equals(GOOD));
            }
        }
    }

    /** A name server that is silent: to read the file blocks, as nobody writes into a named pipe. */
    @Test
    void name_whoseLookupHangs_isNameLookupTimeoutUntilItEnds() throws Exception {
        try (FaultyProxy proxy = new FaultyProxy(database)) {
            resolve(NAME, "127.0.0.1");
            try (PackagedApplication application = start(proxy.port())) {
                Http http = application.http();
                Await.until("right answers", () -> http.get("/ratings/0").summary().equals(GOOD));
                Path pipe = folder.resolve("pipe");
                assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
                Files.move(pipe, hosts(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                proxy.set(Fault.CLOSED);
                Await.until("the cause is reported",
                        () -> http.get("/q/health/well").body().contains("\"cause\": \"name-lookup-timeout\""));
                proxy.set(Fault.NONE);
                Files.move(hosts(), pipe);
                resolve(NAME, "127.0.0.1");
                Files.writeString(pipe, "127.0.0.1 " + NAME + "\n");
                Await.until("right answers", () -> http.get("/ratings/0").summary().equals(GOOD));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"REFUSED", "SILENT"})
    void name_thatMovesAwayFromAnAddress_isFollowed(Fault atTheOldAddress) throws IOException {
        try (FaultyProxy from = new FaultyProxy(database);
                FaultyProxy to = new FaultyProxy(database, null,
                        new InetSocketAddress(InetAddress.getByName("127.0.0.2"), from.port()))) {
            resolve(NAME, "127.0.0.1");
            try (PackagedApplication application = start(from.port())) {
                Http http = application.http();
                Await.until("right answers", () -> http.get("/ratings/0").summary().equals(GOOD));
                from.set(atTheOldAddress);
                Await.until("the outage is seen", () -> http.get("/ratings/0").status() == 503);
                resolve(NAME, "127.0.0.2");
                Await.until("right answers again", RECOVERY, () -> http.get("/ratings/0").summary().equals(GOOD));
                assertEquals(1, to.connections());
            }
        }
    }

    /** Behind a sidecar that lets one of them through, connecting to the other one succeeds as well. */
    @ParameterizedTest
    @EnumSource(names = {"REFUSED", "DROPPED", "CLOSED", "SILENT"})
    void name_withAnAddressThatFails_isReachedAtTheOther(Fault fault) throws IOException {
        try (FaultyProxy first = new FaultyProxy(database);
                FaultyProxy second = new FaultyProxy(database, null,
                        new InetSocketAddress(InetAddress.getByName("127.0.0.2"), first.port()))) {
            resolve(NAME, "127.0.0.1", "127.0.0.2");
            first.set(fault);
            try (PackagedApplication application = start(first.port())) {
                Http http = application.http();
                Await.until("right answers", () -> http.get("/ratings/0").summary().equals(GOOD));
                assertEquals(1, second.connections());
                second.set(fault);
                Await.until("the outage is seen", () -> http.get("/ratings/0").status() == 503);
                first.set(Fault.NONE);
                Await.until("right answers again", RECOVERY, () -> http.get("/ratings/0").summary().equals(GOOD));
            }
        }
    }

    /** From now on, all at once. */
    private void resolve(String name, String... addresses) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (String address : addresses) {
            lines.append(address).append(' ').append(name).append('\n');
        }
        Path next = Files.writeString(folder.resolve("next"), lines);
        Files.move(next, hosts(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private Path hosts() {
        return folder.resolve("hosts");
    }

    /** Java resolves names with the file that this property names, instead of the system's resolver. */
    private PackagedApplication start(int port) {
        return new PackagedApplication(
                TestDatabase.environment(NAME, port),
                Map.of("jdk.net.hosts.file", hosts().toString())).awaitStart();
    }
}
