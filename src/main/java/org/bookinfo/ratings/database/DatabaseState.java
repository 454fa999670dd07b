package org.bookinfo.ratings.database;

import java.time.Duration;
import java.time.Instant;
import java.util.function.LongSupplier;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.bookinfo.ratings.settings.Settings;
import org.jboss.logging.Logger;

/**
 * Whether the database gives the ratings and, if not, why and since when; and whether it lets the account do more. Logs each
 * change of the first.
 */
@Singleton
class DatabaseState {

    private static final Logger LOG = Logger.getLogger(DatabaseState.class);

    /**
     * How long the first read may take, and with it the start of the process. A new Java, with a tenth of a processor, needs
     * seconds for its first login.
     */
    static final Duration FIRST_READ = Duration.ofSeconds(10);

    private static final Duration REMINDER = Duration.ofMinutes(1);

    /**
     * How many reads in a row must fail with a new cause before that is told: a server that restarts shows several causes
     * in passing, while an operator who opened the mesh wants to hear of the wrong password behind it.
     */
    private static final int NEWS = 3;

    private final String address;
    private final LongSupplier nanoTime;

    private volatile Outage outage;
    private volatile boolean answeredBefore;
    private volatile boolean known;
    private volatile boolean excessPrivileges;
    private final long startedAt;
    private DatabaseFailure told;
    private long toldAt;
    private DatabaseFailure candidate;
    private int candidateReads;

    /**
     * @param exception why the last read failed
     * @param since when the first one did
     */
    record Outage(RatingsUnavailableException exception, Instant since, long sinceNanos) {
    }

    @Inject
    DatabaseState(Settings settings) {
        this(settings.address(), System::nanoTime);
    }

    /** @param nanoTime the clock, as {@link System#nanoTime()} */
    DatabaseState(String address, LongSupplier nanoTime) {
        this.address = address;
        this.nanoTime = nanoTime;
        startedAt = nanoTime.getAsLong();
    }

    /**
     * Whether it is known what requests will get: once a read has given the ratings, or has failed for a cause that is certain.
     * Silence is not, as a new process is slow itself; but when the time for the first read has passed, it counts as known.
     */
    boolean isKnown() {
        return known || nanoTime.getAsLong() - startedAt >= FIRST_READ.toNanos();
    }

    /** The outage under way, or null. */
    Outage outage() {
        return outage;
    }

    /** Whether the last read succeeded. */
    boolean answers() {
        return outage == null && answeredBefore;
    }

    /** Whether the account could do more than read the table when it logged in last. */
    boolean hasExcessPrivileges() {
        return excessPrivileges;
    }

    /** Takes note of what the account may do that has logged in. */
    void loggedIn(boolean withExcessPrivileges) {
        excessPrivileges = withExcessPrivileges;
    }

    /** Takes note of a read that succeeded. */
    void succeeded() {
        if (outage == null && answeredBefore) {
            return;
        }
        synchronized (this) {
            if (outage != null) {
                LOG.infof("Database %s is back after %s s", address, seconds(outage.sinceNanos));
            } else if (!answeredBefore) {
                LOG.infof("Database %s answers", address);
            }
            answeredBefore = true;
            known = true;
            outage = null;
        }
    }

    /** Takes note of a read that failed. */
    synchronized void failed(RatingsUnavailableException exception) {
        long now = nanoTime.getAsLong();
        known |= exception.failure() != DatabaseFailure.NO_ANSWER;
        if (outage == null) {
            outage = new Outage(exception, Instant.now(), now);
            tell("lost", exception, now);
            return;
        }
        outage = new Outage(exception, outage.since, outage.sinceNanos);
        DatabaseFailure cause = exception.failure();
        candidateReads = cause == candidate ? candidateReads + 1 : 1;
        candidate = cause;
        if (cause != told && candidateReads >= NEWS) {
            tell("still gone, for another reason", exception, now);
        } else if (now - toldAt >= REMINDER.toNanos()) {
            tell("still gone after " + seconds(outage.sinceNanos) + " s", exception, now);
        }
    }

    private void tell(String news, RatingsUnavailableException exception, long now) {
        DatabaseFailure failure = exception.failure();
        LOG.warnf("Database %s %s: %s (%s, %s): %s", address, news, failure.explanation(), failure.label(),
                exception.getMessage(), failure.hint(address));
        told = failure;
        toldAt = now;
    }

    private String seconds(long sinceNanos) {
        return String.valueOf((nanoTime.getAsLong() - sinceNanos) / 100_000_000 / 10.0);
    }
}
