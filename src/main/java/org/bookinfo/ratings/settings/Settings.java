package org.bookinfo.ratings.settings;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;

import io.quarkus.runtime.PreventFurtherStepsException;
import io.quarkus.runtime.StartupEvent;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jboss.logging.Logger;

/**
 * What the environment says, checked before anything uses it: a setting that cannot work ends the start
 * with one sentence.
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
    private static final String DEADLINE = "RATINGS_DEADLINE";
    private static final String LOG_JSON = "RATINGS_LOG_JSON";

    /** A DNS name (with the underscore that container networks allow), an IPv4 or an IPv6 address. */
    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?"
            + "|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?");

    /** Connector/J's property sslMode. */
    private static final Set<String> SSL_MODES = Set.of("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA",
            "VERIFY_IDENTITY");

    /** Below, a login over TLS to a server nearby may take longer; above, every caller has long given up. */
    private static final Duration SHORTEST_DEADLINE = Duration.ofMillis(200);
    private static final Duration LONGEST_DEADLINE = Duration.ofSeconds(10);

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
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + value(PORT).orElse("3306");
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
     * @throws IllegalStateException caused by a sentence that names the variable; it ends the process with exit code 1
     */
    void check(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) {
        String host = required(HOST, "the host name or address of the MySQL server");
        refuseUnless(HOST_NAME.matcher(host).matches(), HOST, "is not a host name or an IP address");
        String port = value(PORT).orElse("3306");
        refuseUnless(port.matches("[0-9]{1,5}") && Integer.parseInt(port) >= 1 && Integer.parseInt(port) <= 65535, PORT,
                "is not a port: it must be a whole number from 1 to 65535");
        String user = required(USER, "the account that may SELECT from test.ratings");
        refuseUnless(user.chars().noneMatch(Character::isISOControl), USER,
                "contains a line break or control character");
        refuseUnless(value(PASSWORD).isPresent(), PASSWORD,
                "is not set: it must be the password of MYSQL_DB_USER (set it empty for an account without one)");
        if (password().endsWith("\n")) {
            LOG.warnf("%s ends with a line break, which is taken as part of the password", PASSWORD);
        }
        refuseUnless(SSL_MODES.contains(sslMode()), SSL_MODE,
                "is not one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA and VERIFY_IDENTITY");
        refuseUnless(isNoneOrReadable(), TRUST_STORE, "is not a file that can be read");
        refuseUnless(isNoneOrOpens(), TRUST_STORE,
                "is not a PKCS#12 key store that " + TRUST_STORE_PASSWORD + " opens");
        checkDeadline();
        String json = value(LOG_JSON).orElse("false");
        refuseUnless(json.equals("true") || json.equals("false"), LOG_JSON, "must be true or false");
    }

    private void checkDeadline() {
        String range = "must be a duration from " + SHORTEST_DEADLINE.toMillis() + "ms to "
                + LONGEST_DEADLINE.toSeconds() + "s, such as 1s";
        try {
            Duration deadline = deadline();
            refuseUnless(
                    deadline.compareTo(SHORTEST_DEADLINE) >= 0 && deadline.compareTo(LONGEST_DEADLINE) <= 0, DEADLINE,
                    range);
        } catch (IllegalArgumentException | DateTimeException | NoSuchElementException e) { // no duration, or empty
            refuseUnless(false, DEADLINE, range);
        }
    }

    private String required(String variable, String meaning) {
        String value = value(variable).orElse("");
        refuseUnless(!value.isEmpty(), variable, "is not set: it must be " + meaning);
        return value;
    }

    private static void refuseUnless(boolean fits, String variable, String fault) {
        if (!fits) {
            // As a cause: thrown as it is, it only ends the start, and the process stays, with no one listening.
            throw new IllegalStateException(new PreventFurtherStepsException(variable + " " + fault + ".", 1));
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
