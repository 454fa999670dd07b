package org.bookinfo.ratings.diagnosis;

import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;

import javax.net.ssl.SSLException;

import static org.bookinfo.ratings.diagnosis.Phase.ACCEPTED;
import static org.bookinfo.ratings.diagnosis.Phase.CONNECTING;
import static org.bookinfo.ratings.diagnosis.Phase.GREETED;
import static org.bookinfo.ratings.diagnosis.Phase.LOOKUP;
import static org.bookinfo.ratings.diagnosis.Phase.STATEMENT;

/**
 * The table of causes: why the database does not give the ratings. The first cause that the evidence matches applies.
 *
 * <p>Each cause has its HTTP status unless that is 503, what was seen, and what can be behind it, likeliest first.
 * {@code docs/operations.md} shows the same table, and a test compares the two. Numbers are error codes of MySQL and
 * MariaDB.
 */
public enum Cause {

    /** Before the others: an exception of the driver may have an OutOfMemoryError as its cause. */
    INTERNAL_ERROR(500, e -> e.threw(Error.class), "the service itself failed",
            "see the ERROR line in the log and its stack trace; the database at %s is not the cause"),

    NAME_LOOKUP_TIMEOUT(e -> e.timedOut() && e.phase() == LOOKUP, "no name server has answered",
            "check the cluster's DNS (CoreDNS, the sidecar's DNS proxy) and the way to it: the lookup of %s got no"
                    + " answer"),

    UNKNOWN_HOST(e -> e.threw(UnknownHostException.class), "the host name does not resolve",
            "check MYSQL_DB_HOST and the cluster's DNS: no address for %s"),

    STATEMENT_TIMEOUT(codes(1969, 3024, 1205, 1317), "the server ended the SELECT at its time limit",
            "look for a lock on test.ratings, or an overloaded server, at %s: SHOW FULL PROCESSLIST"),

    NO_ANSWER(e -> e.timedOut() || e.threw(SocketTimeoutException.class)
            || e.phase() == CONNECTING && e.says("timed out"),
            "no answer in time",
            "packets to %s are dropped (check firewalls, and the ServiceEntry's addresses), the server hangs, or it"
                    + " waits for its DNS before it greets: set skip_name_resolve in its configuration"),

    CONNECTION_REFUSED(e -> e.phase() == CONNECTING, "the connection was refused",
            "nothing listens at %s (in a Pod, localhost is the Pod itself), or a network policy rejects it: check"
                    + " MYSQL_DB_HOST, MYSQL_DB_PORT and that the server runs"),

    CLOSED_BEFORE_GREETING(e -> e.phase() == ACCEPTED && e.isClosed(),
            "the connection was accepted, then closed before MySQL's greeting",
            "see the sidecar's log, kubectl logs POD -c istio-proxy: 'UH ... BlackHoleCluster' means that no"
                    + " ServiceEntry has the address and port of %s; 'UF,URX' that the server is down or unreachable"
                    + " or, with TLS_error, that a DestinationRule makes the sidecar use TLS. Without a sidecar,"
                    + " another proxy cannot reach its server"),

    HOST_BLOCKED(codes(1129), "the server has blocked this host after too many logins in a row that broke off",
            "find out what breaks off logins to %s, then unblock the host: TRUNCATE TABLE"
                    + " performance_schema.host_cache on MySQL, FLUSH HOSTS on MariaDB"),

    PRIVILEGE_MISSING(500, codes(1044, 1142, 1143, 1356, 1370, 1449).or(codes(1045).and(e -> e.phase() == STATEMENT)),
            "the account, or the definer of a view, may not read test.ratings",
            "run the GRANT of sql/user.sql at %s; if test.ratings is a view, check its definer"),

    ACCESS_DENIED(codes(1045, 1130, 1698), "the server refused the login",
            "check the Secret's MYSQL_DB_USER and MYSQL_DB_PASSWORD against the account at %s, and the hosts that"
                    + " the account allows"),

    ACCOUNT_LOCKED(codes(3118, 3955, 4151), "the account is locked",
            "at %s: ALTER USER ... ACCOUNT UNLOCK, with the password that README.md sets"),

    PASSWORD_EXPIRED(codes(1820, 1862), "the account's password has expired",
            "set a new password at %s (ALTER USER ... IDENTIFIED BY) and in the Secret"),

    HOURLY_LIMIT(codes(1226).and(e -> e.says("per_hour")), "the account has used up its hourly limit",
            "raise MAX_CONNECTIONS_PER_HOUR or MAX_QUERIES_PER_HOUR of the account at %s: ALTER USER ... WITH"),

    TOO_MANY_CONNECTIONS(codes(1040, 1203, 1226), "the server or the account has no connection left",
            "raise max_connections or the account's limit at %s, or run fewer replicas"),

    SHUTTING_DOWN(codes(1053, 3032), "the server is shutting down or in offline mode",
            "wait until the server at %s is started again, or end its offline mode"),

    SERVER_NOT_READY(codes(1047), "the server is a node of a Galera cluster without a primary component",
            "check wsrep_cluster_status at %s, and the cluster's other nodes"),

    INIT_CONNECT_FAILED(codes(1184), "the server ended the session, as its init_connect failed",
            "correct init_connect of the server at %s, or the account's rights to what it does"),

    TABLE_MISSING(500, codes(1049, 1146), "the table test.ratings does not exist",
            "run sql/schema.sql at %s"),

    COLUMN_MISSING(500, codes(1054), "the table test.ratings lacks the column ReviewID or Rating",
            "compare SHOW CREATE TABLE test.ratings at %s with sql/schema.sql, and rename or add the column: ALTER"
                    + " TABLE"),

    CERTIFICATE_EXPIRED(
            e -> e.threw(CertificateExpiredException.class) || e.threw(CertificateNotYetValidException.class),
            "a certificate of the server has expired, or is not valid yet",
            "renew the certificate of %s, and check the clocks; dates are verified in every TLS mode but DISABLED"),

    CERTIFICATE_NOT_TRUSTED(e -> e.threw(CertPathValidatorException.class) || e.threw(CertPathBuilderException.class),
            "the server's certificate is not signed by a trusted authority",
            "put the authority that signed the certificate of %s into MYSQL_DB_TRUST_STORE"),

    CERTIFICATE_FOR_ANOTHER_HOST(e -> e.threw(CertificateException.class) && e.says("identity verification failed"),
            "the server's certificate does not name MYSQL_DB_HOST",
            "set MYSQL_DB_HOST to a name that the certificate of %s has, or MYSQL_DB_SSL_MODE to VERIFY_CA"),

    AUTHENTICATION_UNSUPPORTED(
            codes(1251, 1524).or(e -> e.says("authentication plugin") || e.says("Unsupported authentication")),
            "the account uses an authentication plugin that the server or MySQL's JDBC driver does not have",
            "give the account at %s caching_sha2_password on MySQL, mysql_native_password on MariaDB"),

    TLS(codes(3159).or(e -> !e.isClosed() && (e.threw(SSLException.class) || e.threw(CertificateException.class))
            || e.says("Public Key Retrieval is not allowed") || e.says("SSL Connection required")
            || e.says("SSL connection required")),
            "the two sides do not agree on TLS",
            "check MYSQL_DB_SSL_MODE and the TLS settings of %s; without TLS, accounts with caching_sha2_password"
                    + " cannot log in"),

    CLOSED_DURING_LOGIN(e -> e.code() == 0 && e.phase().isDuringLogin() && e.isClosed(),
            "the connection was closed after MySQL's greeting, during the login",
            "an AuthorizationPolicy of an egress gateway or waypoint refuses this Pod (its log: rbac_access_denied),"
                    + " a proxy cannot reach its server, or the server at %s ended: check its log"),

    NOT_MYSQL(e -> e.code() == 0 && e.phase() == GREETED, "what listens there does not speak MySQL's protocol",
            "check MYSQL_DB_PORT: at %s there is another service, or MySQL's X protocol (33060)"),

    LOGIN_FAILED(e -> e.phase() != STATEMENT, "the login failed",
            "look up the code in the manual of the server at %s; QUARKUS_LOG_CATEGORY__ORG_BOOKINFO__LEVEL=DEBUG"
                    + " logs the driver's exception"),

    CONNECTION_LOST(e -> e.code() == 0 && (e.isClosed() || e.codes().startsWith("08")), "the connection broke",
            "the server at %s, or a proxy on the way to it, closed the connection: check the server's log and"
                    + " restarts"),

    SELECT_FAILED(500, e -> true, "the SELECT failed",
            "look up the code in the manual of the server at %s"),

    RATING_INVALID(500, e -> false, "a rating is not a whole number of 32 bits",
            "correct the column Rating of the review named here, in test.ratings at %s");

    /** A new process is slow itself, so these may be its own slowness, or that of a machine that starts many. */
    private static final Set<Cause> MAY_BE_SLOWNESS = Set.of(NAME_LOOKUP_TIMEOUT, NO_ANSWER, STATEMENT_TIMEOUT);

    private final int status;
    private final Predicate<Evidence> matches;
    private final String explanation;
    private final String hint;

    Cause(Predicate<Evidence> matches, String explanation, String hint) {
        this(503, matches, explanation, hint);
    }

    Cause(int status, Predicate<Evidence> matches, String explanation, String hint) {
        this.status = status;
        this.matches = matches;
        this.explanation = explanation;
        this.hint = hint;
    }

    private static Predicate<Evidence> codes(Integer... codes) {
        Set<Integer> set = Set.of(codes);
        return evidence -> set.contains(evidence.code());
    }

    static Cause of(Evidence evidence) {
        return Arrays.stream(values()).filter(cause -> cause.matches.test(evidence)).findFirst().orElseThrow();
    }

    /** The HTTP status that a caller gets. */
    public int status() {
        return status;
    }

    /** The error that a caller gets. The contract has the first two texts. */
    public String error() {
        if (status == 503) {
            return "could not connect to ratings database";
        }
        return this == INTERNAL_ERROR ? "internal server error" : "could not perform select";
    }

    /** The name in metrics and health responses, such as {@code closed-before-greeting}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public String explanation() {
        return explanation;
    }

    /** What the operator can do about the database at that address. */
    public String hint(String address) {
        return String.format(hint, address);
    }

    /** Whether the cause cannot be the slowness of a process that has just started. */
    boolean isCertain() {
        return !MAY_BE_SLOWNESS.contains(this);
    }
}
