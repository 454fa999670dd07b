package org.bookinfo.ratings.reads;

import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

import jakarta.inject.Singleton;

import org.bookinfo.ratings.diagnosis.Cause;
import org.bookinfo.ratings.diagnosis.DatabaseMetrics;
import org.bookinfo.ratings.diagnosis.DatabaseState;
import org.bookinfo.ratings.diagnosis.Evidence;
import org.bookinfo.ratings.diagnosis.Phase;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.bookinfo.ratings.settings.Settings;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Reads the ratings with the one SQL statement, on the one session that is kept open. Only one thread may use it at a
 * time.
 */
@Singleton
class RatingsRepository {

    private static final Logger LOG = Logger.getLogger(RatingsRepository.class);

    /**
     * The part of the deadline that a login may take, and the first SELECT after it. The batch's deadline bounds their
     * sum.
     */
    private static final double BUDGET = 0.9;

    /** The part that a read may take on the session at hand, if that is silent, before it tries a new one. */
    private static final double TIMEOUT_AT_HAND = 0.4;

    /**
     * When the server itself ends the statement, a little before this side closes the socket: a lock loses its waiter.
     */
    private static final double STATEMENT_TIMEOUT = 0.35;

    /** Failures that another session would meet, too. */
    private static final Set<Cause> NOT_OF_THE_SESSION = EnumSet.of(Cause.RATING_INVALID, Cause.STATEMENT_TIMEOUT);

    /** Attempts during an outage are short, so that its end is found soon. Slow logins have the patient attempt. */
    private static final Duration QUICK_LOGIN = Duration.ofMillis(500);

    /** How long until another login is tried, if one to renew a session has failed. */
    private static final Duration RENEWAL_RETRY = Duration.ofMinutes(1);

    /**
     * A session is renewed this long after the server first refused its SELECT, then after twice as long, and so on.
     */
    private static final Duration FIRST_RENEWAL = Duration.ofSeconds(5);

    /** A goodbye needs no answer. */
    private static final Duration CLOSE_TIMEOUT = Duration.ofMillis(100);

    private final Connector connector;
    private final DatabaseState state;
    private final DatabaseMetrics metrics;
    private final ScheduledExecutorService timer;
    private final Watchdog watchdog;
    private final String select;
    private final long deadline;
    private final long lifetime;

    private volatile Session session;

    /** Whether no read on the session has ended yet. */
    private boolean isNew;

    /** Whether the server refused the last SELECT on the session, which is open all the same. */
    private boolean refused;

    private long renewAt;
    private long renewalPause;

    RatingsRepository(Connector connector, DatabaseState state, DatabaseMetrics metrics, Settings settings,
            ScheduledExecutorService timer,
            @ConfigProperty(name = "ratings.connection-lifetime") Duration lifetime) {
        this.connector = connector;
        this.state = state;
        this.metrics = metrics;
        this.timer = timer;
        this.lifetime = lifetime.toNanos();
        deadline = settings.deadline().toNanos();
        watchdog = new Watchdog(timer, this::abort);
        select = statement((long) (deadline * STATEMENT_TIMEOUT / 1_000_000));
    }

    /**
     * The statement with its timeout, in one round trip, for MariaDB (the comment that only it executes) and for MySQL
     * (the hint, which MariaDB takes for a comment). The contract defines the order; LIMIT keeps a large table cheap.
     */
    private static String statement(long timeoutMillis) {
        return String.format(Locale.ROOT,
                "/*M!100102 SET STATEMENT max_statement_time=%.3f FOR */ SELECT /*+ MAX_EXECUTION_TIME(%d) */"
                        + " Rating, ReviewID FROM test.ratings ORDER BY ReviewID LIMIT 2",
                timeoutMillis / 1000.0, timeoutMillis);
    }

    /**
     * Reads the ratings of the first two reviews by ReviewID; one that is missing or NULL is 0. A session that served
     * before may have died or lost its rights, so a failure on it leads to one more try on a new session.
     *
     * @throws RatingsUnavailableException if the database does not give them in time
     */
    Ratings read() {
        renew();
        long start = System.nanoTime();
        if (session == null) {
            use(connector.connect(state.outage() == null ? budget() : QUICK_LOGIN.toNanos()));
            return select(state.isFirstReadOver() ? budget() : DatabaseState.FIRST_READ.toNanos());
        }
        boolean refusedBefore = refused;
        try {
            return select((long) (deadline * TIMEOUT_AT_HAND));
        } catch (RatingsUnavailableException e) {
            if (refusedBefore || NOT_OF_THE_SESSION.contains(e.cause())) {
                throw e;
            }
            LOG.debugf("Trying again on a new session: %s", e.cause().label());
            useAnotherThan(start, e);
            return select(budget());
        }
    }

    private long budget() {
        return (long) (deadline * BUDGET);
    }

    /**
     * @throws RatingsUnavailableException why there is no other one or, if the session at hand is open, why that failed
     */
    private void useAnotherThan(long start, RatingsUnavailableException failed) {
        try {
            use(connector.connect(budget() - (System.nanoTime() - start)));
        } catch (RatingsUnavailableException e) {
            throw session == null ? e : failed;
        }
    }

    /** Replaces an old session by one that works, without a wait for it. */
    private void renew() {
        if (session == null) {
            return;
        }
        Session renewed = connector.renewed();
        if (renewed != null) {
            use(renewed);
        } else if (System.nanoTime() - renewAt > 0) {
            renewAt = System.nanoTime() + RENEWAL_RETRY.toNanos();
            connector.beginRenewal();
        }
    }

    private void use(Session next) {
        close();
        session = next;
        isNew = true;
        renewalPause = refused ? Math.min(lifetime, renewalPause * 2) : lifetime;
        renewAt = System.nanoTime() + renewalPause;
    }

    private Ratings select(long timeout) {
        watchdog.set(System.nanoTime() + timeout);
        try {
            Ratings ratings = session.read(select);
            ended(true);
            if (refused) {
                refused = false;
                renewAt = System.nanoTime() + lifetime;
            }
            return ratings;
        } catch (SQLException | RuntimeException e) { // the driver answers malformed packets with unchecked exceptions
            ended(false);
            throw failure(e);
        } finally {
            watchdog.cancel();
        }
    }

    private void ended(boolean served) {
        if (isNew && served) {
            metrics.connected();
        } else if (isNew) {
            metrics.notConnected();
        }
        isNew = false;
    }

    private RatingsUnavailableException failure(Exception e) {
        if (e instanceof RatingsUnavailableException invalidRating) {
            return invalidRating;
        }
        Evidence evidence = new Evidence(Phase.STATEMENT, e, session.progress().isAborted());
        RatingsUnavailableException failure = new RatingsUnavailableException(evidence);
        LOG.debugf(e, "The SELECT failed: %s", failure.cause().label());
        if (e instanceof SQLException s && s.getErrorCode() != 0 && !evidence.timedOut()) {
            if (!refused) {
                refused = true;
                renewalPause = FIRST_RENEWAL.toNanos();
                renewAt = System.nanoTime() + renewalPause;
            }
        } else {
            session.abort();
            session = null;
            refused = false;
        }
        return failure;
    }

    /** Ends a SELECT under way. May be called by any thread. */
    void abort() {
        Session current = session;
        if (current != null) {
            current.progress().abort();
        }
    }

    private void close() {
        if (session != null) {
            ScheduledFuture<?> timeout = timer.schedule(session.progress()::abort, CLOSE_TIMEOUT.toMillis(),
                    TimeUnit.MILLISECONDS);
            session.close();
            timeout.cancel(false);
            session = null;
        }
    }

    /** Ends the session and every login under way. */
    void end() {
        connector.abortAll();
        close();
    }
}
