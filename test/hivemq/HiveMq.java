import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthInput;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * HiveMQ CE for tests: java -cp JARS HiveMq FOLDER PASSWORD…
 * FOLDER has conf/config.xml, and gets sessions and messages. Every account is let in that knows one of the passwords. Prints "started".
 */
public final class HiveMq {
    public static void main(final String[] args) throws Exception {
        final Path folder = Path.of(args[0]);
        final Path conf = folder.resolve("conf");
        Files.createDirectories(folder.resolve("data"));
        Files.createDirectories(folder.resolve("extensions"));
        final EmbeddedExtension extension = EmbeddedExtension.builder()
                .withId("passwords").withName("Passwords").withVersion("1")
                .withExtensionMain(new Passwords(List.of(args).subList(1, args.length)))
                .build();
        final EmbeddedHiveMQ hivemq = EmbeddedHiveMQ.builder()
                .withConfigurationFolder(conf)
                .withDataFolder(folder.resolve("data"))
                .withExtensionsFolder(folder.resolve("extensions"))
                .withEmbeddedExtension(extension)
                .build();
        hivemq.start().join();
        System.out.println("started");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> hivemq.stop().join()));
        Thread.currentThread().join();
    }

    private record Passwords(List<String> known) implements ExtensionMain, SimpleAuthenticator {
        @Override
        public void extensionStart(final ExtensionStartInput in, final ExtensionStartOutput out) {
            Services.securityRegistry().setAuthenticatorProvider(ignored -> this);
        }

        @Override
        public void extensionStop(final ExtensionStopInput in, final ExtensionStopOutput out) {}

        @Override
        public void onConnect(final SimpleAuthInput in, final SimpleAuthOutput out) {
            final boolean isKnown = in.getConnectPacket().getPassword()
                    .map(given -> known.contains(StandardCharsets.UTF_8.decode(given).toString()))
                    .orElse(false);
            if (isKnown) out.authenticateSuccessfully();
            else out.failAuthentication();
        }
    }
}
