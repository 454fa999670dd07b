package org.bookinfo.ratings.k8s;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.UpgradeCommand;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.LocalPortForward;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import org.bookinfo.ratings.dev.EmbeddedDatabase;
import org.bookinfo.ratings.testing.FaultyProxy;
import org.bookinfo.ratings.testing.Ports;
import org.bookinfo.ratings.testing.TestDatabase;

/**
 * The cluster of {@code KUBECONFIG} with Bookinfo in its current namespace, and the MySQL server outside the mesh.
 */
final class Mesh implements AutoCloseable {

    static final String RELEASE = "ratings";

    private static final Path KUBECONFIG = Path.of(variable("KUBECONFIG"));
    private static final String ADDRESS = variable("RATINGS_MESH_MYSQL_ADDRESS");
    private static final String PORT = variable("RATINGS_MESH_MYSQL_PORT");

    static final TestDatabase DATABASE = TestDatabase.named("the server at RATINGS_MESH_MYSQL_ADDRESS", ADDRESS,
            Integer.parseInt(PORT), variable("RATINGS_MESH_MYSQL_USER"), variable("RATINGS_MESH_MYSQL_PASSWORD"));

    /** What an install may create, and an uninstall must remove. */
    private static final List<String> KINDS = List.of("v1 Secret", "v1 Service", "v1 ServiceAccount", "v1 ConfigMap",
            "apps/v1 Deployment", "autoscaling/v2 HorizontalPodAutoscaler", "policy/v1 PodDisruptionBudget",
            "networking.k8s.io/v1 NetworkPolicy", "networking.istio.io/v1 ServiceEntry",
            "networking.istio.io/v1 VirtualService", "networking.istio.io/v1 DestinationRule",
            "networking.istio.io/v1 Gateway", "security.istio.io/v1 AuthorizationPolicy",
            "security.istio.io/v1 PeerAuthentication", "gateway.networking.k8s.io/v1 HTTPRoute");

    /** The page has one for each star. */
    static final String STAR = "id=\"glyphicon glyphicon-star\"";

    private final KubernetesClient client;
    private final String namespace;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    private final LocalPortForward productpage;

    Mesh() {
        client = new KubernetesClientBuilder().withConfig(config()).build();
        namespace = client.getNamespace();
        productpage = client.pods().inNamespace(namespace).withName(pod("app", "productpage")).portForward(9080);
    }

    private Mesh(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
        productpage = null;
    }

    /** A new namespace without sidecars that admits <i>restricted</i> Pods only. */
    Mesh restrictedNamespace() {
        String name = "ratings-restricted";
        client.resource(new NamespaceBuilder().withNewMetadata().withName(name)
                .addToLabels("pod-security.kubernetes.io/enforce", "restricted").endMetadata().build())
                .serverSideApply();
        return new Mesh(client, name);
    }

    void deleteNamespace() {
        client.namespaces().withName(namespace).delete();
        client.namespaces().withName(namespace).waitUntilCondition(gone -> gone == null, 2, TimeUnit.MINUTES);
    }

    /** A running Pod without a sidecar, and with Python. */
    String podWithoutSidecar() {
        String image = client.pods().inNamespace(namespace).withName(pod("app", "productpage")).get().getSpec()
                .getContainers().stream().filter(container -> container.getName().equals("productpage")).findFirst()
                .orElseThrow().getImage();
        Pod pod = new PodBuilder().withNewMetadata().withName("without-sidecar")
                .addToAnnotations("sidecar.istio.io/inject", "false")
                .addToLabels("sidecar.istio.io/inject", "false").endMetadata()
                .withNewSpec().withTerminationGracePeriodSeconds(0L).addNewContainer().withName("python")
                .withImage(image).withImagePullPolicy("IfNotPresent").withCommand("sleep", "3600").endContainer()
                .endSpec().build();
        client.pods().inNamespace(namespace).resource(pod).serverSideApply();
        client.pods().inNamespace(namespace).resource(pod).waitUntilReady(1, TimeUnit.MINUTES);
        return "without-sidecar";
    }

    void delete(String pod) {
        client.pods().inNamespace(namespace).withName(pod).delete();
    }

    private static Config config() {
        Config config = Config.fromKubeconfig(KUBECONFIG.toFile());
        if (config.getClientKeyFile() != null) {
            config.setClientKeyAlgo(algorithm(Path.of(config.getClientCertFile())));
        }
        return config;
    }

    /** The client takes every PKCS #8 key for an RSA key. */
    private static String algorithm(Path certificate) {
        try (InputStream in = Files.newInputStream(certificate)) {
            return CertificateFactory.getInstance("X.509").generateCertificate(in).getPublicKey().getAlgorithm();
        } catch (IOException | CertificateException e) {
            throw new AssertionError(e);
        }
    }

    static String variable(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new AssertionError(name + " is not set: see docs/development.md");
        }
        return value;
    }

    /** The chart's values for the database and the account that {@link #prepareDatabase} makes. */
    static String database(String password) {
        return "database: {host: " + variable("RATINGS_MESH_MYSQL_HOST") + ", port: " + PORT
                + ", user: bookinfo, password: " + password + "}";
    }

    static String egress(String mode) {
        return mode.equals("range")
                ? "egress: {mode: range, ranges: [" + ADDRESS + "/24]}"
                : "egress: {mode: " + mode + ", addresses: [" + ADDRESS + "]}";
    }

    /** A proxy in front of the server, on the address from which this machine reaches the server. */
    static FaultyProxy proxy() throws IOException {
        InetSocketAddress server = new InetSocketAddress(DATABASE.host(), DATABASE.port());
        try (Socket socket = new Socket(server.getAddress(), server.getPort())) {
            return new FaultyProxy(server, null, new InetSocketAddress(socket.getLocalAddress(), Ports.free()));
        }
    }

    /** The values for a database, and a way to the database, behind the proxy. */
    static String behind(FaultyProxy proxy) {
        return "database: {host: " + proxy.address() + ", port: " + proxy.port() + "}\n"
                + "egress: {mode: address, addresses: [" + proxy.address() + "]}";
    }

    /** With ratings that no other version of Bookinfo's ratings has: two stars and one. */
    static void prepareDatabase(String password) throws SQLException {
        EmbeddedDatabase.prepare(EmbeddedDatabase.adminUrl(DATABASE.host(), DATABASE.port()), DATABASE.admin(),
                DATABASE.adminPassword(), password);
        DATABASE.execute("UPDATE ratings SET Rating = 3 - ReviewID");
    }

    /** Installs or upgrades, and waits until all Pods are ready. */
    void helm(String... values) {
        UpgradeCommand command = new Helm(Manifests.CHART).upgrade().install().withName(RELEASE)
                .withNamespace(namespace).withKubeConfig(KUBECONFIG).waitReady().withTimeout(300);
        List<Path> files = new ArrayList<>();
        try {
            for (String value : values) {
                files.add(Files.writeString(Files.createTempFile("values", ".yaml"), value));
                command.withValuesFile(files.get(files.size() - 1));
            }
            command.call();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            files.forEach(file -> file.toFile().delete());
        }
    }

    void uninstall() {
        Helm.uninstall(RELEASE).withNamespace(namespace).withKubeConfig(KUBECONFIG).ignoreNotFound().call();
        client.pods().inNamespace(namespace).withLabel("version", "v2-mysql").waitUntilCondition(
                pod -> pod == null, 2, TimeUnit.MINUTES);
    }

    /** Kind and name of everything in the namespace that an install could leave. */
    Set<String> objects() {
        Set<String> names = new TreeSet<>();
        for (String kind : KINDS) {
            String[] parts = kind.split(" ");
            for (GenericKubernetesResource object : client.genericKubernetesResources(parts[0], parts[1])
                    .inNamespace(namespace).list().getItems()) {
                names.add(parts[1] + "/" + object.getMetadata().getName());
            }
        }
        return names;
    }

    /** A running Pod with this label. */
    String pod(String label, String value) {
        return client.pods().inNamespace(namespace).withLabel(label, value).list().getItems().stream()
                .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
                .filter(pod -> "Running".equals(pod.getStatus().getPhase()))
                .map(pod -> pod.getMetadata().getName()).findFirst().orElseThrow();
    }

    List<Pod> ours() {
        return client.pods().inNamespace(namespace).withLabel("version", "v2-mysql").list().getItems();
    }

    void restart() {
        client.apps().deployments().inNamespace(namespace).withName("ratings-v2-mysql").rolling().restart();
        client.apps().deployments().inNamespace(namespace).withName("ratings-v2-mysql").waitUntilCondition(
                deployment -> deployment.getStatus().getObservedGeneration().equals(
                        deployment.getMetadata().getGeneration())
                        && Integer.valueOf(2).equals(deployment.getStatus().getUpdatedReplicas())
                        && Integer.valueOf(2).equals(deployment.getStatus().getReadyReplicas())
                        && Integer.valueOf(2).equals(deployment.getStatus().getReplicas()),
                3, TimeUnit.MINUTES);
    }

    /** The product page as a browser gets it. */
    String page() {
        return get("http://127.0.0.1:" + productpage.getLocalPort() + "/productpage?u=normal");
    }

    /** Whether the page always shows our stars. */
    boolean hasStars() {
        return Stream.generate(this::page).limit(10).allMatch(Mesh::hasStars);
    }

    /** Whether the page shows the database's stars, in the colour of reviews v3. */
    static boolean hasStars(String page) {
        return page.split(STAR, -1).length == 4 && page.contains("text-red-500");
    }

    /** What one of our Pods answers at its own port. */
    String ask(String path) {
        try (LocalPortForward forward = client.pods().inNamespace(namespace).withName(pod("version", "v2-mysql"))
                .portForward(9080)) {
            return get("http://127.0.0.1:" + forward.getLocalPort() + path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String get(String url) {
        try {
            return http.send(HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(20)).build(),
                    HttpResponse.BodyHandlers.ofString()).body();
        } catch (IOException e) {
            return "no answer: " + e;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** What a command in a container prints on both outputs. */
    String exec(String pod, String container, String... command) {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (ExecWatch watch = client.pods().inNamespace(namespace).withName(pod).inContainer(container)
                .writingOutput(output).writingError(output).exec(command)) {
            watch.exitCode().get(1, TimeUnit.MINUTES);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        return output.toString(StandardCharsets.UTF_8);
    }

    String log() {
        return client.pods().inNamespace(namespace).withName(pod("version", "v2-mysql")).inContainer("ratings")
                .getLog();
    }

    /** Applies YAML, in the current namespace where it names none. */
    void apply(String yaml) {
        client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).items()
                .forEach(object -> {
                    if (object.getMetadata().getNamespace() == null) {
                        object.getMetadata().setNamespace(namespace);
                    }
                    client.resource(object).serverSideApply();
                });
    }

    void remove(String yaml) {
        client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).delete();
    }

    @Override
    public void close() throws IOException {
        productpage.close();
        client.close();
    }
}
