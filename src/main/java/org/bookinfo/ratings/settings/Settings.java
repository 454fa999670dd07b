package org.bookinfo.ratings.settings;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;

import io.quarkus.runtime.PreventFurtherStepsException;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.DurationConverter;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jboss.logging.Logger;

/**
 * What a user may set, by variables of the environment. A value that cannot work ends the start with one sentence.
 */
@Singleton
public class Settings {

    private static final Logger LOG = Logger.getLogger(Settings.class);

    private static final String HOST = "MYSQL_DB_HOST";
    private static final String PORT = "MYSQL_DB_PORT";
    private static final String USER = "MYSQL_DB_USER";
    private static final String PASSWORD = "MYSQL_DB_PASSWORD";
    private static final String SSL_MODE = "MYSQL_DB_SSL_MODE";
    private static final String TRUST_STORE = "MYSQL_DB_TRUST_STORE";
    private static final String TRUST_STORE_PASSWORD = "MYSQL_DB_TRUST_STORE_PASSWORD";

    private static final String DEFAULT_PORT = "3306";

    /** A DNS name (with the underscore that container networks allow), an IPv4 or an IPv6 address. */
    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?"
            + "|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?");

    /** Connector/J's property sslMode; empty for the default. */
    private static final Set<String> SSL_MODES = Set.of("", "DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA",
            "VERIFY_IDENTITY");

    /** Below, a login over TLS to a server nearby may take longer; above, every caller has long given up. */
    private static final Duration SHORTEST_DEADLINE = Duration.ofMillis(200);
    private static final Duration LONGEST_DEADLINE = Duration.ofSeconds(10);

    /** What a variable, where it is set, has to be. */
    private record Rule(String variable, Predicate<String> fits, String fault) {
    }

    private static final List<Rule> RULES = List.of(
            new Rule(HOST, value -> HOST_NAME.matcher(value).matches(), "is not a host name or an IP address"),
            new Rule(PORT, value -> isPort(value) && Integer.parseInt(value) > 0,
                    "is not a port: it must be a whole number from 1 to 65535"),
            new Rule(USER, value -> value.chars().noneMatch(Character::isISOControl),
                    "contains a line break or control character"),
            new Rule(SSL_MODE, value -> SSL_MODES.contains(value.toUpperCase(Locale.ROOT)),
                    "is not one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA and VERIFY_IDENTITY"),
            new Rule("RATINGS_DEADLINE", Settings::isDeadline,
                    "must be a duration from " + SHORTEST_DEADLINE.toMillis() + "ms to " + LONGEST_DEADLINE.toSeconds()
                            + "s, such as 1s"),
            new Rule("QUARKUS_HTTP_PORT", Settings::isPort,
                    "is not a port: it must be a whole number from 1 to 65535, or 0 for any that is free"),
            new Rule("RATINGS_LOG_JSON", Set.of("true", "false")::contains, "must be true or false"));

    /** What Java puts in place of bytes that are no characters in the locale's character set. */
    private static final char UNDECODABLE = '\uFFFD';

    /** This process's environment as it was given, on Linux. */
    private static final Path ENVIRONMENT = Path.of("/proc/self/environ");

    private final Config config;

    Settings(Config config) {
        this.config = config;
    }

    /** The database's host and port, as one writes them in a message. */
    public String address() {
        String host = value(HOST).orElse("");
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + value(PORT).orElse(DEFAULT_PORT);
    }

    public String user() {
        return value(USER).orElse("");
    }

    public String password() {
        return value(PASSWORD).orElse("");
    }

    /** Unless the user says otherwise, encrypted whenever the server can. */
    public String sslMode() {
        return value(SSL_MODE).filter(mode -> !mode.isEmpty()).orElse("PREFERRED").toUpperCase(Locale.ROOT);
    }

    /** A PKCS#12 key store with the certificates that may have signed the server's. */
    public Optional<Path> trustStore() {
        return value(TRUST_STORE).filter(file -> !file.isEmpty()).map(Path::of);
    }

    public String trustStorePassword() {
        return value(TRUST_STORE_PASSWORD).orElse("");
    }

    /** How long a request may wait for the database. */
    public Duration deadline() {
        return config.getValue("ratings.deadline", Duration.class);
    }

    /**
     * The first fault of what the environment says, as a sentence. Asked before the framework begins, which would have words of its
     * own for some of them. What is not set at all may still come from elsewhere: see {@link #check}.
     */
    public static Optional<String> firstFault(Map<String, String> environment) {
        return RULES.stream().filter(rule -> environment.containsKey(rule.variable) && !isMissing(rule, environment)
                && !rule.fits.test(environment.get(rule.variable))).map(rule -> sentence(rule.variable, rule.fault))
                .findFirst();
    }

    /** An empty host or user is none. */
    private static boolean isMissing(Rule rule, Map<String, String> environment) {
        return Set.of(HOST, USER).contains(rule.variable) && environment.get(rule.variable).isEmpty();
    }

    /**
     * @throws IllegalStateException caused by a sentence that names the variable; it ends the process with exit code 1
     */
    void check(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) {
        refuseUnless(!value(HOST).orElse("").isEmpty(), HOST,
                "is not set: it must be the host name or address of the MySQL server");
        refuseUnless(!user().isEmpty(), USER, "is not set: it must be the account that may SELECT from test.ratings");
        refuseUnless(value(PASSWORD).isPresent(), PASSWORD,
                "is not set: it must be the password of MYSQL_DB_USER (set it empty for an account without one)");
        for (Rule rule : RULES) {
            refuseUnless(value(rule.variable).map(rule.fits::test).orElse(true), rule.variable, rule.fault);
        }
        if (password().endsWith("\n")) {
            LOG.warnf("%s ends with a line break, which is taken as part of the password", PASSWORD);
        }
        refuseUnless(isNoneOrReadable(), TRUST_STORE, "is not a file that can be read");
        refuseUnless(isNoneOrOpens(), TRUST_STORE,
                "is not a PKCS#12 key store that " + TRUST_STORE_PASSWORD + " opens");
    }

    private static void refuseUnless(boolean fits, String variable, String fault) {
        if (!fits) {
            // As a cause: thrown as it is, it only ends the start, and the process stays, with no one listening.
            throw new IllegalStateException(new PreventFurtherStepsException(sentence(variable, fault), 1));
        }
    }

    private static String sentence(String variable, String fault) {
        return variable + " " + fault + ".";
    }

    private static boolean isPort(String value) {
        return value.matches("[0-9]{1,5}") && Integer.parseInt(value) <= 65535;
    }

    private static boolean isDeadline(String value) {
        try {
            Duration deadline = DurationConverter.parseDuration(value);
            return deadline.compareTo(SHORTEST_DEADLINE) >= 0 && deadline.compareTo(LONGEST_DEADLINE) <= 0;
        } catch (RuntimeException e) { // what it throws depends on what is wrong; for an empty value, as there is none
            return false;
        }
    }

    private boolean isNoneOrReadable() {
        try {
            return trustStore().map(file -> Files.isRegularFile(file) && Files.isReadable(file)).orElse(true);
        } catch (InvalidPathException e) {
            return false;
        }
    }

    /** The driver would find out at each login. */
    private boolean isNoneOrOpens() {
        if (trustStore().isEmpty()) {
            return true;
        }
        try (InputStream file = Files.newInputStream(trustStore().get())) {
            KeyStore.getInstance("PKCS12").load(file, trustStorePassword().toCharArray());
            return true;
        } catch (IOException | GeneralSecurityException e) {
            return false;
        }
    }

    /** The value as it stands: Config itself would expand a password that contains {@code ${...}}. */
    private Optional<String> value(String variable) {
        for (ConfigSource source : config.getConfigSources()) { // highest ordinal first
            String value = source.getValue(variable);
            if (value != null) {
                return Optional.of(value.indexOf(UNDECODABLE) < 0 ? value : decoded(variable).orElse(value));
            }
        }
        return Optional.empty();
    }

    /**
     * The variable's value taken for UTF-8, where the system shows the environment's bytes. Java decodes them in the
     * locale's character set, which is ASCII where no locale is set, as in most containers: an umlaut in a password is
     * lost on the way.
     */
    private static Optional<String> decoded(String variable) {
        try {
            String environment = new String(Files.readAllBytes(ENVIRONMENT), StandardCharsets.UTF_8);
            return Stream.of(environment.split("\0")).filter(entry -> entry.startsWith(variable + "="))
                    .map(entry -> entry.substring(variable.length() + 1)).findFirst();
        } catch (IOException e) {
            return Optional.empty(); // not Linux
        }
    }
}
