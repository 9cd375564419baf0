package io.github.engagelab.sms.docs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.github.engagelab.sms.docs.Page.Block;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the commands of the pages name is there: modules, profiles, files and paths of the
 * sample. Most of them are run by the gate.
 */
class ShellBlockTests {

	private static final Set<String> TOOLS = Set.of("mvn", "curl", "python3", "promtool", "npm", "kubectl");

	private static final String PROVIDER = "https://smsapi.engagelab.com/v1/balance";

	private static final Pattern MAPPING = Pattern.compile("@(?:Get|Post)Mapping\\(\"(/[^\"]*)\"");

	@Test
	void everyCommandNamesWhatIsThere() {
		List<Block> blocks = Page.blocks("shell");
		assertThat(blocks).hasSizeGreaterThanOrEqualTo(12);
		assertThat(
				blocks.stream().flatMap((block) -> commands(block).stream().map((command) -> block + ": " + command)))
			.allSatisfy((command) -> assertThat(problems(command.substring(command.indexOf(": ") + 2))).as(command)
				.isEmpty());
	}

	@Test
	void blocksOfTheReadmeAreRunByTheGate() {
		assertThat(Page.blocksOfGate())
			.containsAll(Page.README.blocks().stream().filter((block) -> block.language().equals("shell")).toList());
	}

	@ParameterizedTest
	@ValueSource(strings = { "mvn -pl sample-apps test", "mvn -Pnone test", "java .ci/run", ".ci/none",
			"curl -s localhost:8080/none", "curl -s example.com/balance", "curl https://smsapi.engagelab.com/v1/none",
			"python3 monitoring/none.py http://localhost", "npm test", "kubectl apply -f monitoring/none",
			"promtool check rules none.yaml", "mvn -pl sample-app spring-boot:run -Dspring-boot.run.profiles=none" })
	void wrongCommandIsRecognized(String command) {
		assertThat(problems(command)).isNotEmpty();
	}

	private static List<String> commands(Block block) {
		return Stream.of(block.content().replace("\\\n", " ").split("\\n|&&"))
			.map((line) -> line.replaceAll("#.*", "")
				.replaceAll("\\|.*", "")
				.replaceAll("\\b[A-Z_]+=\\S+ +", "")
				.strip())
			.filter((line) -> !line.isEmpty())
			.toList();
	}

	private static List<String> problems(String command) {
		List<String> problems = new ArrayList<>();
		List<String> words = List.of(command.split("\\s+"));
		String tool = words.get(0);
		if (!TOOLS.contains(tool) && !(tool.contains("/") && Files.isExecutable(Page.ROOT.resolve(tool)))) {
			problems.add("no tool " + tool);
		}
		for (int i = 1; i < words.size(); i++) {
			String word = words.get(i).replace("'", "");
			if (words.get(i - 1).equals("-pl")) {
				Stream.of(word.split(","))
					.filter((module) -> !Files.exists(Page.ROOT.resolve(module).resolve("pom.xml")))
					.forEach((module) -> problems.add("no module " + module));
			}
			else if (tool.equals("mvn") && word.startsWith("-P")) {
				Stream.of(word.substring(2).split(","))
					.filter((profile) -> !mavenProfiles().contains(profile))
					.forEach((profile) -> problems.add("no Maven profile " + profile));
			}
			else if (word.startsWith("-Dspring-boot.run.profiles=")
					&& !springProfiles().contains(word.substring(word.indexOf('=') + 1))) {
				problems.add("no profile in " + word);
			}
			else if (word.matches("[\\w./-]+\\.(java|py|yaml)") && !Files.exists(Page.ROOT.resolve(word))) {
				problems.add("no file " + word);
			}
			else if (tool.equals("curl") && word.contains("/") && !word.equals(PROVIDER) && !isOfSample(word)) {
				problems.add("nothing at " + word);
			}
			else if (tool.equals("kubectl") && words.get(i - 1).equals("-f")
					&& !Files.exists(Page.ROOT.resolve(word))) {
				problems.add("no file " + word);
			}
		}
		if (tool.equals("npm") && !command.matches("npm --prefix monitoring/dashboard (ci|run (build|check))")) {
			problems.add("no such command of the dashboard");
		}
		return problems;
	}

	private static boolean isOfSample(String address) {
		if (!address.matches("localhost:808[01]/.*")) {
			return false;
		}
		String path = address.replaceFirst("[^/]*", "").replaceFirst("\\?.*", "");
		return path.matches("/actuator/(health|prometheus|smsbalance)(/.*)?") || Page.files("Controller.java")
			.stream()
			.map((file) -> Page.text(file.toString()))
			.flatMap((source) -> MAPPING.matcher(source)
				.results()
				.map((mapping) -> (source.contains("@RequestMapping(\"/demo\")") ? "/demo" : "") + mapping.group(1)))
			.anyMatch(path::equals);
	}

	private static Set<String> mavenProfiles() {
		Set<String> profiles = new TreeSet<>();
		for (Path pom : Page.files("pom.xml")) {
			Pattern.compile("<profile>(?s:.*?)<id>([^<]+)</id>")
				.matcher(Page.text(pom.toString()))
				.results()
				.map((MatchResult profile) -> profile.group(1))
				.forEach(profiles::add);
		}
		return profiles;
	}

	// Those that the application names, in its configuration or its code
	private static Set<String> springProfiles() {
		Set<String> profiles = new TreeSet<>();
		Pattern.compile("profile \"(\\w+)\"|default: (\\w+)|on-profile: \"?!?(\\w+)")
			.matcher(Page.text("sample-app/src/main/resources/application.yaml"))
			.results()
			.flatMap((match) -> Stream.of(match.group(1), match.group(2), match.group(3)))
			.filter((profile) -> profile != null)
			.forEach(profiles::add);
		return profiles;
	}

}
