package io.github.engagelab.sms.docs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Links of all pages resolve, and their blocks are of languages that are tested.
 */
class PageTests {

	// Each but "text" has a test in this package that looks at all blocks of it
	private static final Set<String> LANGUAGES = Set.of("java", "yaml", "properties", "xml", "gradle", "shell", "json",
			"text");

	@Test
	void readmeIsShort() {
		assertThat(Page.README.text().lines()).hasSizeLessThanOrEqualTo(220);
	}

	@Test
	void allPagesAreFound() {
		assertThat(Page.all()).contains(Page.README, Page.REFERENCE, Page.MONITORING, Page.SAMPLE);
	}

	@Test
	void everyBlockIsOfLanguageThatIsTested() {
		assertThat(Page.all().stream().flatMap((page) -> page.blocks().stream()))
			.allSatisfy((block) -> assertThat(block.language()).as(block.toString()).isIn(LANGUAGES));
	}

	@Test
	void everyInternalLinkResolves() {
		List<String> links = new ArrayList<>();
		List<String> broken = new ArrayList<>();
		for (Page page : Page.all()) {
			for (String link : page.links()) {
				if (!link.matches("[a-z]+:.*")) {
					links.add(link);
					if (!resolves(page, link)) {
						broken.add(page.path() + ": " + link);
					}
				}
			}
		}
		assertThat(links).hasSizeGreaterThan(30);
		assertThat(broken).isEmpty();
	}

	@Test
	void brokenLinkIsRecognized() {
		Page page = new Page(Path.of("monitoring/page.md"),
				"## A `b`, c\n[d](#a-b-c) [e](#d) [f](README.md#runbook) [g](README.md#none) [h](none.md) `[i](none)`\n");
		assertThat(page.links()).filteredOn((link) -> !resolves(page, link))
			.containsExactly("#d", "README.md#none", "none.md");
	}

	static boolean resolves(Page page, String link) {
		String[] parts = link.split("#", 2);
		Path target = Page.ROOT.resolve(page.path()).resolveSibling(parts[0]).normalize();
		Page targetPage = page;
		if (!parts[0].isEmpty()) {
			if (!Files.exists(target) || !target.startsWith(Page.ROOT)) {
				return false;
			}
			if (parts.length > 1) {
				targetPage = Page.read(Page.ROOT.relativize(target));
			}
		}
		return parts.length == 1 || targetPage.anchors().contains(parts[1]);
	}

}
