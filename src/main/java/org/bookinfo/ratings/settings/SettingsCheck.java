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
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.quarkus.runtime.configuration.DurationConverter;

import static org.bookinfo.ratings.settings.Settings.HOST;
import static org.bookinfo.ratings.settings.Settings.PASSWORD;
import static org.bookinfo.ratings.settings.Settings.PORT;
import static org.bookinfo.ratings.settings.Settings.SSL_MODE;
import static org.bookinfo.ratings.settings.Settings.TRUST_STORE;
import static org.bookinfo.ratings.settings.Settings.TRUST_STORE_PASSWORD;
import static org.bookinfo.ratings.settings.Settings.USER;
import static org.bookinfo.ratings.settings.Settings.VERIFY_IDENTITY;

/**
 * Finds variables with which the service cannot work, before the framework starts: it has messages of its own for some.
 */
public final class SettingsCheck {

    /** Connector/J's property sslMode. */
    private static final Set<String> SSL_MODES = Set.of("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA",
            VERIFY_IDENTITY);

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

    /** What the value of a variable must be; a variable that is not set is {@code null}. */
    private record Rule(String variable, Predicate<String> fits, String error) {

        static Rule ifSet(String variable, Predicate<String> fits, String error) {
            return new Rule(variable, value -> value == null || fits.test(value), error);
        }

        static Rule readable(String variable) {
            return ifSet(variable, value -> !value.contains(UNDECODABLE),
                    "has characters that Java cannot read in this locale: set LANG=C.UTF-8");
        }

        Stream<String> errors(Map<String, String> environment) {
            return fits.test(environment.get(variable)) ? Stream.of() : Stream.of(sentence(variable, error));
        }
    }

    private static final List<Rule> REQUIRED = List.of(
            new Rule(HOST, SettingsCheck::isPresent,
                    "is not set: it must be the host name or IP address of the MySQL server"),
            new Rule(USER, SettingsCheck::isPresent,
                    "is not set: it must be the account that may SELECT from test.ratings"),
            new Rule(PASSWORD, password -> password != null,
                    "is not set: it must be the password of MYSQL_DB_USER (empty for an account without one)"));

    private static final List<Rule> RULES = List.of(
            Rule.ifSet(HOST, host -> host.isEmpty() || isHost(host),
                    "is not a host name or an IP address; the port belongs into MYSQL_DB_PORT"),
            Rule.ifSet(PORT, port -> isPort(port) && Integer.parseInt(port) > 0,
                    "is not a port: it must be a whole number from 1 to 65535"),
            Rule.ifSet(USER, user -> user.chars().noneMatch(Character::isISOControl),
                    "contains a line break or control character"),
            Rule.readable(USER), Rule.readable(PASSWORD),
            Rule.ifSet(SSL_MODE, mode -> mode.isEmpty() || SSL_MODES.contains(mode.toUpperCase(Locale.ROOT)),
                    "is not one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA and VERIFY_IDENTITY"),
            Rule.readable(TRUST_STORE), Rule.readable(TRUST_STORE_PASSWORD),
            Rule.ifSet("RATINGS_DEADLINE", SettingsCheck::isDeadline,
                    "must be a duration from " + SHORTEST_DEADLINE.toMillis() + "ms to " + LONGEST_DEADLINE.toSeconds()
                            + "s, such as 1s"),
            Rule.ifSet("QUARKUS_HTTP_PORT", SettingsCheck::isPort,
                    "is not a port: it must be a whole number from 1 to 65535, or 0 for any free port"),
            Rule.ifSet("RATINGS_LOG_JSON", Set.of("true", "false")::contains, "must be true or false"));

    private SettingsCheck() {
    }

    /** The variables of this process. System properties take precedence, as they do for the framework. */
    public static Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>(System.getenv());
        System.getProperties().stringPropertyNames()
                .forEach(name -> environment.put(name, System.getProperty(name)));
        return environment;
    }

    /**
     * All errors in the variables, each as a sentence that names the variable.
     *
     * @param embedded whether an embedded database takes the place of a server that is not named
     */
    public static List<String> errors(Map<String, String> environment, boolean embedded) {
        Stream<Rule> required = embedded && !environment.containsKey(HOST) ? Stream.of() : REQUIRED.stream();
        Stream<String> misspelt = environment.keySet().stream().filter(LIKE_TLS.asMatchPredicate())
                .filter(name -> !Set.of(SSL_MODE, TRUST_STORE, TRUST_STORE_PASSWORD).contains(name)).sorted()
                .map(name -> sentence(name,
                        "is not a setting: use MYSQL_DB_SSL_MODE, MYSQL_DB_TRUST_STORE,"
                                + " MYSQL_DB_TRUST_STORE_PASSWORD"));
        return Stream.of(Stream.concat(required, RULES.stream()).flatMap(rule -> rule.errors(environment)), misspelt,
                trustStoreError(environment).map(error -> sentence(TRUST_STORE, error)).stream())
                .flatMap(errors -> errors).toList();
    }

    private static String sentence(String variable, String error) {
        return variable + " " + error + ".";
    }

    private static boolean isPresent(String value) {
        return value != null && !value.isEmpty();
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
    private static Optional<String> trustStoreError(Map<String, String> environment) {
        String file = environment.getOrDefault(TRUST_STORE, "");
        if (file.isEmpty() || file.contains(UNDECODABLE)) {
            return Optional.empty();
        }
        if (!Files.isRegularFile(Path.of(file)) || !Files.isReadable(Path.of(file))) {
            return Optional.of("is not a file that can be read");
        }
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            KeyStore trustStore = KeyStore.getInstance("PKCS12");
            trustStore.load(in, environment.getOrDefault(TRUST_STORE_PASSWORD, "").toCharArray());
            return trustStore.size() > 0
                    ? Optional.empty()
                    : Optional.of("holds no trusted certificate: make it with keytool -importcert");
        } catch (IOException | GeneralSecurityException e) {
            return Optional.of("is not a PKCS#12 key store that " + TRUST_STORE_PASSWORD + " opens");
        }
    }
}
