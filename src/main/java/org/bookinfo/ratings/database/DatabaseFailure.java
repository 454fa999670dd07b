package org.bookinfo.ratings.database;

import java.io.EOFException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.sql.SQLException;
import java.util.Locale;
import java.util.regex.Pattern;

import javax.net.ssl.SSLException;

/**
 * Why the database does not give the ratings: a closed set, each with what a caller is told, and what the operator is.
 *
 * <p>The numbers are the error codes of MySQL and MariaDB.
 */
public enum DatabaseFailure {

    EGRESS_BLOCKED(Told.COULD_NOT_CONNECT,
            "the connection was accepted, then closed before MySQL's greeting",
            "the mesh probably blocks egress to %s: apply the ServiceEntry, and check its address and port"),

    CONNECTION_REFUSED(Told.COULD_NOT_CONNECT,
            "the connection was refused",
            "nothing listens at %s, or a network policy rejects it: check MYSQL_DB_HOST, MYSQL_DB_PORT and that the server runs"),

    NO_ANSWER(Told.COULD_NOT_CONNECT,
            "no answer in time",
            "packets to %s are dropped, or the server hangs or is locked: check firewalls, the ServiceEntry's addresses and the server"),

    CONNECTION_LOST(Told.COULD_NOT_CONNECT,
            "the connection broke",
            "the server at %s, or something on the way to it, closed the connection: check the server's log and restarts"),

    SHUTTING_DOWN(Told.COULD_NOT_CONNECT,
            "the server is shutting down or in offline mode",
            "wait until the server at %s is started again, or end its offline mode"),

    UNKNOWN_HOST(Told.COULD_NOT_CONNECT,
            "the host name does not resolve",
            "check MYSQL_DB_HOST and the cluster's DNS: no address for %s"),

    ACCESS_DENIED(Told.COULD_NOT_CONNECT,
            "the server refused the login",
            "check the Secret's MYSQL_DB_USER and MYSQL_DB_PASSWORD against the account at %s; sql/ has its GRANT"),

    HOST_BLOCKED(Told.COULD_NOT_CONNECT,
            "the server has blocked this host after too many logins in a row that broke off",
            "find out what breaks logins to %s off, then unblock the host: TRUNCATE TABLE performance_schema.host_cache on MySQL, FLUSH HOSTS on MariaDB"),

    CERTIFICATE_NOT_TRUSTED(Told.COULD_NOT_CONNECT,
            "the server's certificate is not signed by an authority that is trusted",
            "check that MYSQL_DB_TRUST_STORE has the authority that signed the certificate of %s, and that neither has expired"),

    CERTIFICATE_FOR_ANOTHER_HOST(Told.COULD_NOT_CONNECT,
            "the server's certificate does not name MYSQL_DB_HOST",
            "set MYSQL_DB_HOST to a name that the certificate of %s has, or MYSQL_DB_SSL_MODE to VERIFY_CA"),

    TLS(Told.COULD_NOT_CONNECT,
            "the two sides do not agree on TLS",
            "check MYSQL_DB_SSL_MODE and the TLS settings of %s; without TLS, accounts with caching_sha2_password cannot log in"),

    TOO_MANY_CONNECTIONS(Told.COULD_NOT_CONNECT,
            "the server or the account has no connection left",
            "raise max_connections or the account's limit at %s, or run fewer replicas"),

    DATABASE_MISSING(Told.COULD_NOT_CONNECT,
            "the database 'test' does not exist",
            "run sql/schema.sql at %s"),

    LOGIN_FAILED(Told.COULD_NOT_CONNECT,
            "the login failed",
            "look the code up in the manual of the server at %s"),

    SCHEMA_MISSING(Told.COULD_NOT_SELECT,
            "the table test.ratings, or one of its columns, does not exist",
            "run sql/schema.sql at %s"),

    PRIVILEGE_MISSING(Told.COULD_NOT_SELECT,
            "the account may not read test.ratings",
            "run the GRANT of sql/user.sql at %s"),

    RATING_INVALID(Told.COULD_NOT_SELECT,
            "a rating is no whole number of 32 bits",
            "correct the column Rating of the review named here, in test.ratings at %s"),

    SELECT_FAILED(Told.COULD_NOT_SELECT,
            "the SELECT failed",
            "look the code up in the manual of the server at %s");

    /** Host and port where the host is this one itself. */
    private static final Pattern LOOPBACK = Pattern.compile("(localhost|127\\.[0-9.]+|\\[(0{0,4}:)+0{0,3}1]):[0-9]+");

    private enum Told {
        COULD_NOT_CONNECT(503, "could not connect to ratings database"),
        COULD_NOT_SELECT(500,
                "could not perform select");

        final int status;
        final String error;

        Told(int status, String error) {
            this.status = status;
            this.error = error;
        }
    }

    private final Told told;
    private final String explanation;
    private final String hint;

    DatabaseFailure(Told told, String explanation, String hint) {
        this.told = told;
        this.explanation = explanation;
        this.hint = hint;
    }

    /** The HTTP status that a caller gets. */
    public int status() {
        return told.status;
    }

    /** The error that a caller is told: the original's words. */
    public String error() {
        return told.error;
    }

    /** The name in metrics and health answers, such as {@code egress-blocked}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    String explanation() {
        return explanation;
    }

    /**
     * What the operator can do.
     *
     * @param address the database's host and port
     */
    String hint(String address) {
        String text = String.format(hint, address);
        return this == CONNECTION_REFUSED && LOOPBACK.matcher(address).matches()
                ? text + ". Inside a Pod or container, this address is the Pod itself: name the host that the server runs on"
                : text;
    }

    /**
     * Classifies what the driver threw.
     *
     * @param loggedIn whether it was thrown by a statement, rather than while connecting or logging in
     * @param greeted whether the server had said anything on this connection
     */
    static DatabaseFailure from(SQLException e, boolean loggedIn, boolean greeted) {
        switch (e.getErrorCode()) {
            case 1045, 1044, 1130, 1698, 1862, 1820, 3118, 4151:
                return ACCESS_DENIED;
            case 1129:
                return HOST_BLOCKED;
            case 3159:
                return TLS;
            case 1040, 1203, 1226:
                return TOO_MANY_CONNECTIONS;
            case 1049:
                return DATABASE_MISSING;
            case 1146, 1054, 1046:
                return SCHEMA_MISSING;
            case 1142, 1143:
                return PRIVILEGE_MISSING;
            case 1053, 3032:
                return SHUTTING_DOWN;
            case 3024, 1969, 1205: // the server ended the statement itself: MySQL's and MariaDB's time limit, a lock wait
                return NO_ANSWER;
            default:
                return fromNetwork(e, loggedIn, greeted);
        }
    }

    private static DatabaseFailure fromNetwork(SQLException e, boolean loggedIn, boolean greeted) {
        boolean tls = false;
        boolean broken = false;
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnknownHostException) {
                return UNKNOWN_HOST;
            }
            if (cause instanceof SocketTimeoutException) {
                return NO_ANSWER;
            }
            if (cause instanceof ConnectException || cause instanceof NoRouteToHostException) {
                return says(cause, "timed out") ? NO_ANSWER : CONNECTION_REFUSED;
            }
            if (cause instanceof CertPathValidatorException || cause instanceof CertPathBuilderException) {
                return CERTIFICATE_NOT_TRUSTED;
            }
            if (cause instanceof CertificateException && says(cause, "identity verification failed")) {
                return CERTIFICATE_FOR_ANOTHER_HOST;
            }
            tls |= cause instanceof SSLException || cause instanceof CertificateException || namesTls(cause);
            broken |= cause instanceof EOFException || cause instanceof SocketException;
        }
        if (broken) { // also in the middle of a TLS handshake
            return loggedIn || greeted ? CONNECTION_LOST : EGRESS_BLOCKED;
        }
        if (tls) {
            return TLS;
        }
        if (e.getSQLState() != null && e.getSQLState().startsWith("08")) {
            return CONNECTION_LOST;
        }
        return loggedIn ? SELECT_FAILED : LOGIN_FAILED;
    }

    /** The driver's words are the only sign that its exceptions without a code and a TLS cause give. */
    private static boolean namesTls(Throwable e) {
        return says(e, "Public Key Retrieval is not allowed") || says(e, "SSL Connection required")
                || says(e, "SSL connection required");
    }

    private static boolean says(Throwable e, String words) {
        return e.getMessage() != null && e.getMessage().contains(words);
    }

    /**
     * Whether the server counts the login that failed so against this host, as one that this side broke off: it had begun to let
     * this side in, and has not said itself, by a code, what is wrong. What fails in TLS shows that it had greeted.
     */
    boolean isBrokenOffLogin(SQLException e, boolean greeted) {
        return e.getErrorCode() == 0 && (greeted || this == TLS || this == CERTIFICATE_NOT_TRUSTED
                || this == CERTIFICATE_FOR_ANOTHER_HOST);
    }
}
