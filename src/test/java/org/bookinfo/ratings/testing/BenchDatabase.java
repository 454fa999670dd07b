package org.bookinfo.ratings.testing;

import java.io.IOException;

/**
 * The tests' database for {@code bench/run}: prints where it is, and ends with the standard input.
 */
public final class BenchDatabase {

    private BenchDatabase() {
    }

    /** Prints variables for a shell, each on a line of its own; no value has a quote in it. */
    public static void main(String... args) throws IOException {
        TestDatabase database = TestDatabase.start();
        // No quoting trouble in the benchmark: that passwords of any kind work is for the tests to show.
        database.execute("ALTER USER 'bookinfo'@'%' IDENTIFIED BY 'bench'");
        System.out.printf("host='%s'%nport='%d'%nadmin='%s'%nadmin_password='%s'%nready=yes%n", database.host(),
                database.port(), database.admin(), database.adminPassword());
        System.out.flush();
        System.in.read();
        System.exit(0); // the server ends with the process, and its threads would keep that
    }
}
