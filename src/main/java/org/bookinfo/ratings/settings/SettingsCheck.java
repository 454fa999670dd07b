package org.bookinfo.ratings.settings;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

import io.quarkus.runtime.configuration.DurationConverter;

/**
 * Finds variables with which the service cannot work, before the framework starts: it has messages of its own for some.
 */
public final class SettingsCheck {

    /** Connector/J's property sslMode. */
    private static final Set<String> SSL_MODES = Set.of("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA",
            Settings.VERIFY_IDENTITY);

    private static final Pattern IPV4 = Pattern.compile("((25[0-5]|(2[0-4]|1?[0-9])?[0-9])(\\.(?!$)|$)){4}");
    /** Without a zone, which the driver does not understand. Java parses the rest. */
    private static final Pattern LIKE_IPV6 = Pattern.compile("[0-9A-Fa-f:][0-9A-Fa-f.]*:[0-9A-Fa-f:.]*");
    /** A DNS name, with the underscores of container networks. A last label of digits is a malformed IPv4 address. */
    private static final Pattern NAME = Pattern.compile("(?=.{1,254}$)(?!(.*\\.)?[0-9]+\\.?$)(LABEL\\.)*LABEL\\.?"
            .replace("LABEL", "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"));

    /** Misspelt, such a variable would leave the server unverified. */
    private static final Pattern LIKE_TLS = Pattern.compile("MYSQL_DB_(SSL|TLS|TRUST).*");

    /** Java's replacement for bytes that are not characters in the locale's character set. */
    private static final String UNDECODABLE = "\uFFFD";

    /** Below, a login over TLS to a server nearby may take longer; above, every caller has long given up. */
    private static final Duration SHORTEST_DEADLINE = Duration.ofMillis(200);
    private static final Duration LONGEST_DEADLINE = Duration.ofSeconds(10);

    private final Map<String, String> environment;
    private final List<String> errors = new ArrayList<>();

    private SettingsCheck(Map<String, String> environment) {
        this.environment = environment;
    }

    /** The variables of this process. System properties take precedence, as they do for the framework. */
    public static Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>(System.getenv());
        System.getProperties().stringPropertyNames().forEach(name -> environment.put(name, System.getProperty(name)));
        return environment;
    }

    /**
     * All errors in the variables, each as a sentence that names the variable.
     *
     * @param embedded whether an embedded database takes the place of a server that is not named
     */
    public static List<String> errors(Map<String, String> environment, boolean embedded) {
        SettingsCheck check = new SettingsCheck(environment);
        if (!embedded || environment.containsKey(Settings.HOST)) {
            check.requirePresent();
        }
        check.requireValid();
        check.refuseMisspelt();
        check.checkTrustStore();
        return check.errors;
    }

    private void requirePresent() {
        require(Settings.HOST, isPresent(Settings.HOST),
                "is not set: it must be the host name or IP address of the MySQL server");
        require(Settings.USER, isPresent(Settings.USER),
                "is not set: it must be the account that may SELECT from test.ratings");
        require(Settings.PASSWORD, environment.containsKey(Settings.PASSWORD),
                "is not set: it must be the password of MYSQL_DB_USER (empty for an account without one)");
    }

    private void requireValid() {
        ifSet(Settings.HOST, host -> host.isEmpty() || isHost(host),
                "is not a host name or an IP address; the port belongs into MYSQL_DB_PORT");
        ifSet(Settings.PORT, port -> isPort(port) && Integer.parseInt(port) > 0,
                "is not a port: it must be a whole number from 1 to 65535");
        ifSet(Settings.USER, user -> user.chars().noneMatch(Character::isISOControl),
                "contains a line break or control character");
        for (String text : List.of(Settings.USER, Settings.PASSWORD, Settings.TRUST_STORE,
                Settings.TRUST_STORE_PASSWORD)) {
            ifSet(text, value -> !value.contains(UNDECODABLE),
                    "has characters that Java cannot read in this locale: set LANG=C.UTF-8");
        }
        ifSet(Settings.SSL_MODE, mode -> mode.isEmpty() || SSL_MODES.contains(mode.toUpperCase(Locale.ROOT)),
                "is not one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA and VERIFY_IDENTITY");
        ifSet("RATINGS_DEADLINE", SettingsCheck::isDeadline, "must be a duration from " + SHORTEST_DEADLINE.toMillis()
                + "ms to " + LONGEST_DEADLINE.toSeconds() + "s, such as 1s");
        ifSet("QUARKUS_HTTP_PORT", SettingsCheck::isPort,
                "is not a port: it must be a whole number from 1 to 65535, or 0 for any free port");
        ifSet("RATINGS_LOG_JSON", Set.of("true", "false")::contains, "must be true or false");
    }

    private void refuseMisspelt() {
        environment.keySet().stream().filter(LIKE_TLS.asMatchPredicate()).sorted().forEach(variable -> require(variable,
                Set.of(Settings.SSL_MODE, Settings.TRUST_STORE, Settings.TRUST_STORE_PASSWORD).contains(variable),
                "is not a setting: use MYSQL_DB_SSL_MODE, MYSQL_DB_TRUST_STORE, MYSQL_DB_TRUST_STORE_PASSWORD"));
    }

    private void ifSet(String variable, Predicate<String> fits, String error) {
        String value = environment.get(variable);
        require(variable, value == null || fits.test(value), error);
    }

    private void require(String variable, boolean fits, String error) {
        if (!fits) {
            errors.add(variable + " " + error + ".");
        }
    }

    private boolean isPresent(String variable) {
        return !environment.getOrDefault(variable, "").isEmpty();
    }

    private static boolean isHost(String host) {
        return NAME.matcher(host).matches() || IPV4.matcher(host).matches() || ipv6(host).isPresent();
    }

    /** As Java writes the address. */
    static Optional<String> ipv6(String host) {
        try {
            return LIKE_IPV6.matcher(host).matches()
                    ? Optional.of(InetAddress.getByName(host).getHostAddress()) // no lookup: it has a colon
                    : Optional.empty();
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    private static boolean isPort(String value) {
        return value.matches("[0-9]{1,5}") && Integer.parseInt(value) <= 65535;
    }

    private static boolean isDeadline(String value) {
        try {
            Duration deadline = DurationConverter.parseDuration(value);
            return deadline.compareTo(SHORTEST_DEADLINE) >= 0 && deadline.compareTo(LONGEST_DEADLINE) <= 0;
        } catch (RuntimeException e) { // of many types; an empty value gives null
            return false;
        }
    }

    /** The driver would find these errors at each login. */
    private void checkTrustStore() {
        String name = environment.getOrDefault(Settings.TRUST_STORE, "");
        if (name.isEmpty() || name.contains(UNDECODABLE)) {
            return;
        }
        Path file = Path.of(name);
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            require(Settings.TRUST_STORE, false, "is not a file that can be read");
            return;
        }
        try (InputStream in = Files.newInputStream(file)) {
            KeyStore trustStore = KeyStore.getInstance("PKCS12");
            trustStore.load(in, environment.getOrDefault(Settings.TRUST_STORE_PASSWORD, "").toCharArray());
            require(Settings.TRUST_STORE, trustStore.size() > 0,
                    "holds no trusted certificate: make it with keytool -importcert");
        } catch (IOException | GeneralSecurityException e) {
            require(Settings.TRUST_STORE, false, "is not a PKCS#12 key store that MYSQL_DB_TRUST_STORE_PASSWORD opens");
        }
    }
}
