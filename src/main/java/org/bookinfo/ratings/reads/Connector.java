package org.bookinfo.ratings.reads;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import jakarta.inject.Singleton;

import io.agroal.api.AgroalDataSource;
import org.bookinfo.ratings.diagnosis.DatabaseMetrics;
import org.bookinfo.ratings.diagnosis.DatabaseState;
import org.bookinfo.ratings.diagnosis.Evidence;
import org.bookinfo.ratings.diagnosis.Phase;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;

/**
 * Opens sessions with quick logins, and at most one patient login beside them.
 *
 * <p>Quick logins end an outage of dropped packets soon: a new connection does not wait for TCP's retransmissions. The
 * patient login serves where a login is slow: a server whose DNS is silent greets after 10 s. Only the reader's thread
 * uses this.
 */
@Singleton
class Connector {

    /** Two failed lookups by MySQL take 10 s; a starved machine takes as long for a new Java's first login. */
    private static final Duration LONGEST_LOGIN = Duration.ofSeconds(30);

    private final AgroalDataSource dataSource;
    private final DatabaseState state;
    private final DatabaseMetrics metrics;

    /** The logins under way: the patient one, if any, and the quick one. */
    private final Deque<Session> logins = new ArrayDeque<>();
    private final BlockingQueue<Session> finished = new LinkedBlockingQueue<>();

    Connector(AgroalDataSource dataSource, DatabaseState state, DatabaseMetrics metrics) {
        this.dataSource = dataSource;
        this.state = state;
        this.metrics = metrics;
    }

    /**
     * Waits for a session.
     *
     * @param timeoutNanos how long; before the first success, a login that the server has greeted may take longer
     * @throws RatingsUnavailableException if the quick login fails or the timeout passes
     */
    Session connect(long timeoutNanos) throws InterruptedException {
        Session patient = finished();
        if (patient != null) {
            abortAll();
            return patient;
        }
        endOverdue();
        // Another lookup would wait for the one under way.
        if (logins.isEmpty() || !logins.getLast().phase().isBeforeConnecting()) {
            begin();
        }
        Session quick = logins.getLast();
        long end = System.nanoTime() + timeoutNanos;
        while (true) {
            Session session = finished.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (session == null && isOwnSlownessPossible(quick)) {
                end = System.nanoTime() + timeoutNanos;
            } else if (session == null) {
                throw timedOut(quick);
            } else if (take(session)) {
                abortAll();
                return session;
            } else if (session == quick) {
                throw session.failure();
            }
        }
    }

    /** Begins a patient login, or ends one that is overdue: then none is under way until the next call. */
    void beginRenewal() {
        if (logins.isEmpty()) {
            begin();
        } else {
            endOverdue();
        }
    }

    /** Whether a login is under way, or its session has not been asked for. */
    boolean isConnecting() {
        return !logins.isEmpty();
    }

    /** A session whose login has succeeded since the last call, or null. Does not wait. */
    Session finished() {
        Session session = finished.poll(); // each read asks: without a lock, if there is none
        while (session != null && !take(session)) {
            if (!session.isAborted()) {
                state.renewalFailed(session.failure());
            }
            session = finished.poll();
        }
        return session;
    }

    private void begin() {
        Session session = new Session(dataSource::getConnection, state.outage() != null, finished::add);
        session.start();
        logins.add(session);
    }

    /** @return whether the login has succeeded, and had not been aborted before */
    private boolean take(Session session) {
        if (!logins.remove(session)) {
            session.discard();
            return false;
        }
        if (session.failure() != null) {
            metrics.notConnected();
            return false;
        }
        return true;
    }

    /** The first login of a new Java may take seconds: it is cut off only while it waits for a name server or greeting. */
    private boolean isOwnSlownessPossible(Session quick) {
        Phase phase = quick.phase();
        return !state.hasAnswered() && (phase == Phase.STARTED || phase.isDuringLogin())
                && quick.ageNanos() < LONGEST_LOGIN.toNanos();
    }

    /** A login that the server has accepted becomes the patient one, if there is none. */
    private RatingsUnavailableException timedOut(Session quick) {
        Phase phase = quick.phase();
        if (phase == Phase.CONNECTING || !phase.isBeforeConnecting() && logins.size() > 1) {
            abort(quick);
        }
        return new RatingsUnavailableException(new Evidence(phase, null, true));
    }

    private void endOverdue() {
        for (Session login : List.copyOf(logins)) {
            if (!login.phase().isBeforeConnecting() && login.ageNanos() > LONGEST_LOGIN.toNanos()) {
                state.renewalFailed(new RatingsUnavailableException(new Evidence(login.phase(), null, true)));
                abort(login);
            }
        }
    }

    private void abort(Session login) {
        logins.remove(login);
        login.abort();
        metrics.notConnected();
    }

    /** Ends every login under way. */
    void abortAll() {
        while (!logins.isEmpty()) {
            abort(logins.getFirst());
        }
    }
}
