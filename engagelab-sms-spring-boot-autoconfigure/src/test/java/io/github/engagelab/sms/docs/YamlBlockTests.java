package io.github.engagelab.sms.docs;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

import io.github.engagelab.sms.autoconfigure.EngageLabSmsProperties;
import io.github.engagelab.sms.docs.Page.Block;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.ConfigTreePropertySource;
import org.springframework.boot.env.PropertiesPropertySourceLoader;
import org.springframework.boot.env.PropertySourceLoader;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Every block of configuration binds, if it is an application's, to properties that
 * exist. Those of Kubernetes, Prometheus and Alertmanager are well-formed; the gate has
 * the latter two checked by their own tools.
 */
class YamlBlockTests {

	private static final Set<String> APPLICATION = Set.of("engagelab", "management", "spring");

	private static final Map<String, Property> PROPERTIES = new TreeMap<>();

	@BeforeAll
	static void readMetadata() throws IOException {
		JsonMapper mapper = JsonMapper.builder().build();
		for (URL url : Collections
			.list(YamlBlockTests.class.getClassLoader().getResources("META-INF/spring-configuration-metadata.json"))) {
			try (InputStream in = url.openStream()) {
				for (JsonNode property : mapper.readTree(in).path("properties")) {
					PROPERTIES.put(property.get("name").stringValue(), new Property(
							property.path("type").stringValue(""), property.path("sourceType").stringValue("")));
				}
			}
		}
	}

	@Test
	void everyBlockBindsOrIsForAnotherTool() throws Exception {
		int bound = 0;
		for (Block block : Page.blocks("yaml")) {
			if (isOfApplication(block)) {
				bind(block, new YamlPropertySourceLoader());
				bound++;
			}
			else {
				assertThat(block).as("Not of an application, Kubernetes, Prometheus or Alertmanager")
					.matches((candidate) -> candidate.content().contains("kind: Secret") || isCheckedByGate(candidate));
			}
		}
		assertThat(bound).isGreaterThanOrEqualTo(6);
	}

	@Test
	void everyPropertiesBlockNamesClassesThatExist() throws Exception {
		List<Block> blocks = Page.blocks("properties");
		assertThat(blocks).isNotEmpty();
		for (Block block : blocks) {
			List<PropertySource<?>> loaded = new PropertiesPropertySourceLoader().load("block",
					resource(block.content()));
			for (String name : ((EnumerablePropertySource<?>) loaded.get(0)).getPropertyNames()) {
				// The one of Spring Cloud, which is not on the class path
				assertThat(name).as(block.toString()).isEqualTo("spring.cloud.refresh.never-refreshable");
				assertThat(String.valueOf(loaded.get(0).getProperty(name)).split(","))
					.contains(EngageLabSmsProperties.class.getName());
			}
		}
	}

	@ParameterizedTest
	@CsvSource({ "engagelab.sms.dev-secrets: x", "management.endpoint.health.show-detail: always",
			"'management.endpoint.health.group.sms.includes: x'", "spring.ssl.bundle.pem.x.truststores.certificate: x",
			"engagelab.sms.threshold.low: much" })
	void wrongPropertyIsRecognized(String yaml) {
		Block block = new Block(Page.README, 1, "yaml", yaml);
		assertThatExceptionOfType(Throwable.class).isThrownBy(() -> bind(block, new YamlPropertySourceLoader()))
			.isInstanceOfAny(BindException.class, AssertionError.class);
	}

	@Test
	void secretIsReadFromWhereItIsMounted(@TempDir Path directory) throws Exception {
		Block block = Page.REFERENCE.blockAfter("In Kubernetes, mount a secret as files");
		List<Map<String, Object>> documents = new ArrayList<>();
		new Yaml().loadAll(block.content()).forEach((document) -> documents.add(map(document)));
		Map<String, Object> secret = documents.get(0);
		Map<String, Object> spec = map(documents.get(1).get("spec"));
		Map<String, Object> container = map(list(spec.get("containers")).get(0));
		Map<String, Object> mount = map(list(container.get("volumeMounts")).get(0));
		Map<String, Object> volume = map(list(spec.get("volumes")).get(0));
		assertThat(map(list(container.get("env")).get(0))).containsEntry("name", "SPRING_CONFIG_IMPORT")
			.containsEntry("value", "configtree:" + mount.get("mountPath") + "/");
		assertThat(volume.get("name")).isEqualTo(mount.get("name"));
		assertThat(map(volume.get("secret"))).containsEntry("secretName", map(secret.get("metadata")).get("name"));
		for (Map.Entry<String, Object> entry : map(secret.get("stringData")).entrySet()) {
			Files.writeString(directory.resolve(entry.getKey()), (String) entry.getValue());
		}
		EngageLabSmsProperties properties = bind(new ConfigTreePropertySource("secret", directory), "engagelab.sms",
				EngageLabSmsProperties.class);
		assertThat(properties.accounts().get("otp").devSecret()).isEqualTo("...");
	}

	@ParameterizedTest
	@CsvSource({ "012345670, 2739128", "1e5, 100000.0", "yes, true", "'a #b', a" })
	void credentialWithoutQuotesChanges(String written, String read) throws Exception {
		assertThat(Page.README.text()).containsPattern("`" + written + "` (becomes |just `)?" + Pattern.quote(read));
		assertThat(devKey(written)).isEqualTo(read);
		assertThat(devKey('"' + written + '"')).isEqualTo(written);
	}

	private static String devKey(String value) throws IOException {
		PropertySource<?> source = new YamlPropertySourceLoader()
			.load("block", resource("engagelab.sms: {dev-key: " + value + "\n, dev-secret: x}"))
			.get(0);
		return bind(source, "engagelab.sms", EngageLabSmsProperties.class).devKey();
	}

	private static boolean isOfApplication(Block block) {
		for (Object document : new Yaml().loadAll(block.content())) {
			if (!map(document).keySet().stream().allMatch((key) -> APPLICATION.contains(key.split("\\.")[0]))) {
				return false;
			}
		}
		return true;
	}

	private static boolean isCheckedByGate(Block block) {
		return Page.blocksOfGate().contains(block);
	}

	private static void bind(Block block, PropertySourceLoader loader) throws Exception {
		List<PropertySource<?>> documents = loader.load("block", resource(block.content()));
		assertThat(documents).isNotEmpty();
		for (PropertySource<?> document : documents) {
			for (String name : ((EnumerablePropertySource<?>) document).getPropertyNames()) {
				// Without the index of a list, or what a map has in brackets
				String property = name.replaceFirst("\\[.*", "");
				String known = PROPERTIES.containsKey(property) ? property : mapOf(property);
				assertThat(known).as(block + ": " + name + " is no property").isNotNull();
				String sourceType = PROPERTIES.get(known).sourceType();
				if (!sourceType.isEmpty()) {
					Class<?> type = Class.forName(sourceType);
					bind(document, known.substring(0, known.lastIndexOf('.')), type);
				}
			}
		}
	}

	private static String mapOf(String property) {
		for (String prefix = property + "."; prefix.contains(".");) {
			prefix = prefix.substring(0, prefix.lastIndexOf('.'));
			if (PROPERTIES.containsKey(prefix) && PROPERTIES.get(prefix).type().startsWith("java.util.Map<")) {
				return prefix;
			}
		}
		return null;
	}

	private static <T> T bind(PropertySource<?> source, String prefix, Class<T> type) {
		MutablePropertySources sources = new MutablePropertySources();
		sources.addLast(source);
		MutablePropertySources variables = new MutablePropertySources();
		variables.addLast(new MapPropertySource("variables",
				Map.of("ENGAGELAB_SMS_DEVKEY", "key", "ENGAGELAB_SMS_DEVSECRET", "secret")));
		return new Binder(ConfigurationPropertySources.from(sources),
				new PropertySourcesPlaceholdersResolver(variables))
			.bind(prefix, Bindable.of(type), new NoUnboundElementsBindHandler(BindHandler.DEFAULT))
			.get();
	}

	private static ByteArrayResource resource(String text) {
		return new ByteArrayResource(text.getBytes(StandardCharsets.UTF_8));
	}

	@SuppressWarnings("unchecked")
	private static Map<String, Object> map(Object value) {
		return (Map<String, Object>) value;
	}

	@SuppressWarnings("unchecked")
	private static List<Object> list(Object value) {
		return (List<Object>) value;
	}

	private record Property(String type, String sourceType) {
	}

}
