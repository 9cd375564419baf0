package io.github.engagelab.sms.docs;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;

import javax.xml.parsers.DocumentBuilderFactory;

import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the pages tell to depend on is there: the starter as its POM names it, and what
 * the sample application has by Spring Boot's dependency management.
 */
class DependencyBlockTests {

	@Test
	void xmlIsOfTheStarterAndOfWhatIsManaged() throws Exception {
		List<Dependency> dependencies = xml();
		String version = text(root(Page.text("pom.xml")), "version");
		assertThat(dependencies.get(0))
			.isEqualTo(new Dependency("io.github.engagelab", "engagelab-sms-spring-boot-starter", version, "compile"));
		assertThat(text(root(Page.text("engagelab-sms-spring-boot-starter/pom.xml")), "artifactId"))
			.isEqualTo(dependencies.get(0).artifactId());
		assertThat(dependencies(root(Page.text("sample-app/pom.xml"))))
			.containsAll(dependencies.subList(1, dependencies.size()));
	}

	@Test
	void gradleIsTheSameAsXml() throws Exception {
		assertThat(Page.blocks("gradle")).singleElement().satisfies((block) -> {
			List<Dependency> dependencies = new ArrayList<>();
			for (String line : block.content().lines().toList()) {
				assertThat(line).matches("(implementation|runtimeOnly)\\(\"[a-zA-Z0-9.:-]+\"\\)");
				String[] parts = line.substring(line.indexOf('"') + 1, line.lastIndexOf('"')).split(":");
				dependencies.add(new Dependency(parts[0], parts[1], (parts.length > 2) ? parts[2] : null,
						line.startsWith("runtimeOnly") ? "runtime" : "compile"));
			}
			assertThat(dependencies).isEqualTo(xml());
		});
	}

	private static List<Dependency> xml() throws Exception {
		assertThat(Page.blocks("xml")).hasSize(1);
		return dependencies(
				root("<project><dependencies>" + Page.blocks("xml").get(0).content() + "</dependencies></project>"));
	}

	private static List<Dependency> dependencies(Element project) {
		List<Dependency> dependencies = new ArrayList<>();
		for (Element list : children(project, "dependencies")) {
			for (Element dependency : children(list, "dependency")) {
				String scope = text(dependency, "scope");
				dependencies.add(new Dependency(text(dependency, "groupId"), text(dependency, "artifactId"),
						text(dependency, "version"), (scope != null) ? scope : "compile"));
			}
		}
		return dependencies;
	}

	private static Element root(String xml) throws Exception {
		return DocumentBuilderFactory.newInstance()
			.newDocumentBuilder()
			.parse(new InputSource(new StringReader(xml)))
			.getDocumentElement();
	}

	private static String text(Element parent, String name) {
		List<Element> children = children(parent, name);
		return children.isEmpty() ? null : children.get(0).getTextContent();
	}

	private static List<Element> children(Element parent, String name) {
		List<Element> children = new ArrayList<>();
		for (Node child = parent.getFirstChild(); child != null; child = child.getNextSibling()) {
			if (child instanceof Element element && element.getTagName().equals(name)) {
				children.add(element);
			}
		}
		return children;
	}

	private record Dependency(String groupId, String artifactId, String version, String scope) {
	}

}
