package org.bookinfo.ratings.reads;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;

import jakarta.inject.Singleton;

import org.bookinfo.ratings.diagnosis.Cause;
import org.bookinfo.ratings.diagnosis.DatabaseMetrics;
import org.bookinfo.ratings.diagnosis.DatabaseState;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.bookinfo.ratings.settings.Settings;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Reads the ratings with the one SQL statement, on the one session that is kept open. A session that works is replaced
 * only by one that works. Only one thread may use this at a time.
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

    /** When the server itself ends the statement, before this side closes the socket: a lock loses its waiter. */
    private static final double STATEMENT_TIMEOUT = 0.35;

    /** Failures that another session would meet, too. */
    private static final Set<Cause> NOT_OF_THE_SESSION = EnumSet.of(Cause.RATING_INVALID, Cause.STATEMENT_TIMEOUT);

    /** Logins during an outage are short, so that its end is found soon. Slow logins have the patient one. */
    private static final Duration QUICK_LOGIN = Duration.ofMillis(500);

    /** How long after a refused SELECT or a failed renewal another login begins; then after twice as long each. */
    private static final Duration FIRST_RENEWAL = Duration.ofSeconds(5);

    private final Connector connector;
    private final DatabaseState state;
    private final DatabaseMetrics metrics;
    private final ScheduledExecutorService timer;
    private final Watchdog<Session> watchdog;
    private final String select;
    private final long deadline;
    private final long lifetime;

    /** The session at hand: it has served, or the server has refused its SELECT and it is open all the same. */
    private Session session;
    private long renewAt;
    private long renewalPause;

    /** The session of the SELECT under way or of the last one. */
    private volatile Session reading;

    RatingsRepository(Connector connector, DatabaseState state, DatabaseMetrics metrics, Settings settings,
            ScheduledExecutorService timer,
            @ConfigProperty(name = "ratings.connection-lifetime") Duration lifetime) {
        this.connector = connector;
        this.state = state;
        this.metrics = metrics;
        this.timer = timer;
        this.lifetime = lifetime.toNanos();
        deadline = settings.deadline().toNanos();
        watchdog = new Watchdog<>(timer, Session::abort);
        select = statement(part(STATEMENT_TIMEOUT) / 1_000_000);
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
    Ratings read() throws InterruptedException {
        boolean outage = state.outage() != null;
        if (session == null) {
            return readOn(connector.connect(outage ? QUICK_LOGIN.toNanos() : part(BUDGET)),
                    state.isFirstReadOver() ? part(BUDGET) : DatabaseState.FIRST_READ.toNanos());
        }
        long start = System.nanoTime();
        Session renewed = connector.finished();
        if (renewed != null) {
            try {
                return readOn(renewed, part(TIMEOUT_AT_HAND));
            } catch (RatingsUnavailableException e) {
                state.renewalFailed(e);
            }
        } else if (start - renewAt > 0) {
            renewalPause = Math.min(lifetime, 2 * renewalPause);
            renewAt = start + renewalPause;
            connector.beginRenewal();
        }
        try {
            Ratings ratings = select(session, part(TIMEOUT_AT_HAND));
            if (outage) {
                renewAfter(lifetime);
            }
            return ratings;
        } catch (RatingsUnavailableException e) {
            if (session.isAborted()) {
                session = null;
            } else if (!outage) {
                renewAfter(FIRST_RENEWAL.toNanos());
            }
            if (outage || NOT_OF_THE_SESSION.contains(e.cause())) {
                throw e;
            }
            LOG.debugf("Trying again on a new session: %s", e.cause().label());
            return readOn(another(part(BUDGET) - (System.nanoTime() - start), e), part(BUDGET));
        }
    }

    /** Whether a login is under way that may replace the session at hand. */
    boolean isRenewing() {
        return session != null && connector.isConnecting();
    }

    private long part(double ofDeadline) {
        return (long) (deadline * ofDeadline);
    }

    /**
     * @throws RatingsUnavailableException why there is no other one or, if the session at hand is open, why that failed
     */
    private Session another(long timeout, RatingsUnavailableException failed) throws InterruptedException {
        try {
            return connector.connect(timeout);
        } catch (RatingsUnavailableException e) {
            throw session == null ? e : failed;
        }
    }

    /** Reads on a new session, which becomes the one at hand if it serves, or if there is none and it stays open. */
    private Ratings readOn(Session next, long timeout) {
        try {
            Ratings ratings = select(next, timeout);
            metrics.connected();
            if (session != null) {
                timer.execute(session::close);
            }
            session = next;
            renewAfter(lifetime);
            return ratings;
        } catch (RatingsUnavailableException e) {
            metrics.notConnected();
            if (session == null && !next.isAborted()) {
                session = next;
                renewAfter(FIRST_RENEWAL.toNanos());
            } else {
                next.close();
            }
            throw e;
        }
    }

    private void renewAfter(long nanos) {
        renewAt = System.nanoTime() + nanos;
        renewalPause = FIRST_RENEWAL.toNanos();
    }

    private Ratings select(Session on, long timeout) {
        reading = on;
        watchdog.set(on, System.nanoTime() + timeout);
        try {
            return on.read(select);
        } finally {
            watchdog.cancel();
        }
    }

    /** Ends a SELECT under way. May be called by any thread. */
    void abort() {
        Session current = reading;
        if (current != null) {
            current.abort();
        }
    }

    /** Ends the session and every login under way. */
    void end() {
        connector.abortAll();
        if (session != null) {
            session.close();
        }
    }
}
