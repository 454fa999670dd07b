package org.bookinfo.ratings.diagnosis;

import java.time.Duration;
import java.time.Instant;
import java.util.function.LongSupplier;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import org.bookinfo.ratings.settings.Settings;
import org.jboss.logging.Logger;

/**
 * Whether the database gives the ratings and, if not, why and since when. Logs each change.
 */
@Singleton
public class DatabaseState {

    private static final Logger LOG = Logger.getLogger(DatabaseState.class);

    /**
     * How long the first read may take, and with it the start of the process. On a starved machine the first login of a
     * new Java takes longer than 10 s.
     */
    public static final Duration FIRST_READ = Duration.ofSeconds(30);

    private static final Duration REMINDER = Duration.ofMinutes(1);

    /** How many reads in a row must fail with a new cause before it is logged: a server that restarts shows several. */
    private static final int READS_TO_CONFIRM = 3;

    private final String address;
    private final LongSupplier nanoTime;
    private final long startedAt;

    private volatile Outage outage;
    private volatile boolean answeredBefore;
    private volatile boolean firstReadOver;
    private Cause loggedCause;
    private long loggedAt;
    private Cause unconfirmedCause;
    private int unconfirmedReads;

    /**
     * @param exception why the last read failed
     * @param since when the first read failed
     */
    public record Outage(RatingsUnavailableException exception, Instant since, long sinceNanos) {
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

    /** Whether a read has given the ratings, or has failed for a certain cause, or {@link #FIRST_READ} has passed. */
    public boolean isFirstReadOver() {
        return firstReadOver || nanoTime.getAsLong() - startedAt >= FIRST_READ.toNanos();
    }

    /** The outage under way, or null. */
    public Outage outage() {
        return outage;
    }

    /** Whether any read of this process has succeeded. */
    public boolean hasAnswered() {
        return answeredBefore;
    }

    /** Whether the last read succeeded. */
    boolean answers() {
        return outage == null && answeredBefore;
    }

    /** Records a read that succeeded. */
    public void succeeded() {
        if (outage == null && answeredBefore) {
            return;
        }
        synchronized (this) {
            if (outage == null) {
                LOG.infof("Database %s answers", address);
            } else {
                LOG.infof("Database %s answers %safter %s s", address, answeredBefore ? "again " : "",
                        seconds(outage.sinceNanos));
            }
            answeredBefore = true;
            firstReadOver = true;
            outage = null;
            unconfirmedReads = 0;
        }
    }

    /** Records a read that failed. */
    public synchronized void failed(RatingsUnavailableException exception) {
        long now = nanoTime.getAsLong();
        Cause cause = exception.cause();
        firstReadOver |= cause.isCertain();
        if (outage == null) {
            outage = new Outage(exception, Instant.now(), now);
            log("unavailable", exception, now);
            return;
        }
        outage = new Outage(exception, outage.since, outage.sinceNanos);
        unconfirmedReads = cause == unconfirmedCause ? unconfirmedReads + 1 : 1;
        unconfirmedCause = cause;
        if (cause != loggedCause && unconfirmedReads >= READS_TO_CONFIRM) {
            log("still unavailable, for another reason", exception, now);
        } else if (now - loggedAt >= REMINDER.toNanos()) {
            log("still unavailable after " + seconds(outage.sinceNanos) + " s", exception, now);
        }
    }

    /** Records that no new session could replace the one at hand. During an outage, that is no news. */
    public synchronized void renewalFailed(RatingsUnavailableException exception) {
        if (outage == null && answeredBefore) {
            warn("answers on the old connection only", exception);
        }
    }

    private void log(String change, RatingsUnavailableException exception, long now) {
        warn(change, exception);
        loggedCause = exception.cause();
        loggedAt = now;
    }

    private void warn(String change, RatingsUnavailableException exception) {
        Cause cause = exception.cause();
        LOG.warnf("Database %s %s: %s (%s, %s): %s", address, change, cause.explanation(), cause.label(),
                exception.getMessage(), cause.hint(address));
    }

    private String seconds(long sinceNanos) {
        return String.valueOf((nanoTime.getAsLong() - sinceNanos) / 100_000_000 / 10.0);
    }
}
