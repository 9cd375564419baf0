package io.github.engagelab.sms.docs;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import io.github.engagelab.sms.docs.Page.Block;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Every Java block of the pages stands in a source file, too, which is compiled, and run
 * by a test.
 */
class JavaBlockTests {

	private final List<String> sources = Page.files(".java")
		.stream()
		.map((path) -> Page.text(path.toString()))
		.toList();

	@Test
	void everyBlockIsCompiled() {
		List<Block> blocks = Page.blocks("java");
		assertThat(blocks).hasSizeGreaterThanOrEqualTo(7);
		assertThat(blocks).allSatisfy(
				(block) -> assertThat(this.sources).as(block + " must stand in a source file, with the same imports")
					.anyMatch((source) -> contains(source, block.content())));
	}

	@Test
	void blockThatIsNotCompiledIsRecognized() {
		Block block = Page.README.blockAfter("And in your code:");
		assertThat(this.sources).noneMatch((source) -> contains(source, block.content().replace("LOW", "OK")));
		assertThat(this.sources).noneMatch((source) -> contains(source, "import java.util.List;\n" + block.content()));
	}

	private static boolean contains(String source, String block) {
		return imports(source).equals(imports(block)) && body(source).contains(body(block));
	}

	private static Set<String> imports(String code) {
		return code.lines().filter((line) -> line.startsWith("import ")).collect(Collectors.toSet());
	}

	private static String body(String code) {
		return code.lines()
			.filter((line) -> !line.startsWith("import ") && !line.startsWith("package "))
			.collect(Collectors.joining())
			.replaceAll("\\s+", "");
	}

}
