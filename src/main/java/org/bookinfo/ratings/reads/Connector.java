package org.bookinfo.ratings.reads;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import io.agroal.api.AgroalDataSource;
import org.bookinfo.ratings.diagnosis.DatabaseMetrics;
import org.bookinfo.ratings.diagnosis.DatabaseState;
import org.bookinfo.ratings.diagnosis.Evidence;
import org.bookinfo.ratings.diagnosis.Phase;
import org.bookinfo.ratings.diagnosis.RatingsUnavailableException;
import org.bookinfo.ratings.reads.LoginAttempt.ConnectionSource;

/**
 * Opens sessions with quick attempts, and at most one patient attempt beside them.
 *
 * <p>Quick attempts end an outage of dropped packets soon: a new connection does not wait for TCP's retransmissions.
 * The patient attempt serves a slow login: a server whose DNS is silent greets after 10 s. Only the reader's thread
 * uses this.
 */
@Singleton
class Connector {

    /** Two failed lookups by MySQL take 10 s; a starved machine takes as long for a new Java's first login. */
    static final Duration LONGEST_LOGIN = Duration.ofSeconds(30);

    private final ConnectionSource source;
    private final DatabaseState state;
    private final DatabaseMetrics metrics;
    private final BlockingQueue<LoginAttempt> finished = new LinkedBlockingQueue<>();
    private LoginAttempt quick;
    private LoginAttempt patient;

    @Inject
    Connector(AgroalDataSource dataSource, DatabaseState state, DatabaseMetrics metrics) {
        this.source = dataSource::getConnection;
        this.state = state;
        this.metrics = metrics;
    }

    /**
     * Waits for a session.
     *
     * @param timeoutNanos how long; before the first success, a login that the server has greeted may take longer
     * @throws RatingsUnavailableException if the quick attempt fails or the timeout passes
     */
    Session connect(long timeoutNanos) {
        endOverduePatient();
        if (quick == null) {
            quick = begin();
        }
        long end = System.nanoTime() + timeoutNanos;
        while (true) {
            LoginAttempt attempt = nextFinished(end - System.nanoTime());
            if (attempt == null && isOwnSlownessPossible()) {
                end = System.nanoTime() + timeoutNanos;
            } else if (attempt == null) {
                throw timedOut();
            } else if (take(attempt)) {
                if (attempt.session() != null) {
                    abortAll();
                    return attempt.session();
                }
                if (quick == null) {
                    throw attempt.failure();
                }
            }
        }
    }

    /** Begins a patient attempt, unless one is under way. */
    void beginRenewal() {
        endOverduePatient();
        if (patient == null) {
            patient = begin();
        }
    }

    /** The session that the patient attempt has opened, or null. Does not wait. */
    Session renewed() {
        LoginAttempt attempt = finished.poll(); // each read asks: without a lock, if there is none
        return attempt != null && take(attempt) ? attempt.session() : null;
    }

    private LoginAttempt begin() {
        LoginAttempt attempt = new LoginAttempt(source, state.outage() != null, finished::add);
        attempt.start();
        return attempt;
    }

    private LoginAttempt nextFinished(long nanos) {
        try {
            return finished.poll(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException("The service ends", e);
        }
    }

    /** @return false for an attempt that was given up before it finished */
    private boolean take(LoginAttempt attempt) {
        if (attempt == quick) {
            quick = null;
        } else if (attempt == patient) {
            patient = null;
        } else {
            if (attempt.session() != null) {
                attempt.session().abort();
            }
            return false;
        }
        if (attempt.session() == null) {
            metrics.notConnected();
        }
        return true;
    }

    /** The first login of a new Java may take seconds, so it is not cut off once the server has greeted. */
    private boolean isOwnSlownessPossible() {
        return !state.hasAnswered() && quick.progress().phase().isDuringLogin()
                && quick.ageNanos() < LONGEST_LOGIN.toNanos();
    }

    private RatingsUnavailableException timedOut() {
        Phase phase = quick.progress().phase();
        if (phase != Phase.LOOKUP) { // a further lookup would wait for this one
            if (patient == null && phase != Phase.CONNECTING) {
                patient = quick;
            } else {
                abort(quick);
            }
            quick = null;
        }
        return new RatingsUnavailableException(new Evidence(phase, null, true));
    }

    private void endOverduePatient() {
        if (patient != null && patient.ageNanos() > LONGEST_LOGIN.toNanos()) {
            abort(patient);
            patient = null;
        }
    }

    private void abort(LoginAttempt attempt) {
        if (attempt != null) {
            attempt.progress().abort();
            metrics.notConnected();
        }
    }

    /** Ends every login under way. */
    void abortAll() {
        abort(quick);
        abort(patient);
        quick = null;
        patient = null;
    }
}
