package io.github.engagelab.sms.docs;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A page of the documentation.
 *
 * @param path where it is, from the root of the repository on
 * @param text its text
 */
record Page(Path path, String text) {

	static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

	static final Page README = read(Path.of("README.md"));

	static final Page REFERENCE = read(Path.of("engagelab-sms-spring-boot-autoconfigure/README.md"));

	static final Page MONITORING = read(Path.of("monitoring/README.md"));

	static final Page SAMPLE = read(Path.of("sample-app/README.md"));

	private static final Set<String> SKIPPED = Set.of(".git", ".idea", "target", "node_modules");

	private static final Pattern FENCE = Pattern.compile("( *)```(\\w*)");

	private static final Pattern GATE = Pattern.compile("\\bblock (\\S+\\.md) '([^']+)'");

	private static final Pattern HEADING = Pattern.compile("#+ (.*)");

	private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");

	/**
	 * Return all pages of the repository.
	 * @return the pages
	 */
	static List<Page> all() {
		return files(".md").stream().map(Page::read).toList();
	}

	/**
	 * Return the files of the repository that are not generated.
	 * @param suffix how their names end
	 * @return the files, from the root of the repository on
	 */
	static List<Path> files(String suffix) {
		List<Path> files = new ArrayList<>();
		try {
			Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {

				@Override
				public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
					return SKIPPED.contains(directory.getFileName().toString()) ? FileVisitResult.SKIP_SUBTREE
							: FileVisitResult.CONTINUE;
				}

				@Override
				public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
					if (file.toString().endsWith(suffix)) {
						files.add(ROOT.relativize(file));
					}
					return FileVisitResult.CONTINUE;
				}

			});
		}
		catch (IOException ex) {
			throw new AssertionError(ex);
		}
		return files;
	}

	static List<Block> blocks(String language) {
		return all().stream()
			.flatMap((page) -> page.blocks().stream())
			.filter((block) -> block.language().equals(language))
			.toList();
	}

	static String text(String path) {
		try {
			return Files.readString(ROOT.resolve(path));
		}
		catch (IOException ex) {
			throw new AssertionError(ex);
		}
	}

	static Page read(Path path) {
		return new Page(path, text(path.toString()));
	}

	/**
	 * Return the blocks that {@code .ci/run} takes out of the pages, to run them or to
	 * have them checked.
	 * @return the blocks
	 */
	static List<Block> blocksOfGate() {
		return GATE.matcher(text(".ci/run"))
			.results()
			.map((call) -> read(Path.of(call.group(1))).blockAfter(call.group(2)))
			.toList();
	}

	List<Block> blocks() {
		List<Block> blocks = new ArrayList<>();
		List<String> lines = this.text.lines().toList();
		for (int i = 0; i < lines.size(); i++) {
			Matcher begin = FENCE.matcher(lines.get(i));
			if (begin.matches()) {
				StringBuilder content = new StringBuilder();
				int line = i + 1;
				for (i++; !lines.get(i).strip().equals("```"); i++) {
					content.append(lines.get(i).replaceFirst(begin.group(1), "")).append('\n');
				}
				blocks.add(new Block(this, line, begin.group(2), content.toString()));
			}
		}
		return blocks;
	}

	/**
	 * Return the first block after a line.
	 * @param text what the line contains
	 * @return the block
	 */
	Block blockAfter(String text) {
		List<String> lines = this.text.lines().toList();
		for (int i = 0; i < lines.size(); i++) {
			if (lines.get(i).contains(text)) {
				int line = i;
				return blocks().stream().filter((block) -> block.line() > line).findFirst().orElseThrow();
			}
		}
		throw new AssertionError("No '%s' in %s".formatted(text, this.path));
	}

	/**
	 * Return the rows of the first table under a heading.
	 * @param heading the heading
	 * @return the cells
	 */
	List<List<String>> table(String heading) {
		Matcher section = Pattern.compile("(?s)\\n#{2,3} " + heading + "\\n(.*?)(\\n#|$)").matcher(this.text);
		if (!section.find()) {
			throw new AssertionError("No heading '%s' in %s".formatted(heading, this.path));
		}
		List<List<String>> rows = section.group(1)
			.lines()
			.dropWhile((line) -> !line.startsWith("|"))
			.takeWhile((line) -> line.startsWith("|"))
			.skip(2)
			.map((line) -> Stream.of(line.substring(1, line.length() - 1).split("\\|")).map(String::strip).toList())
			.toList();
		if (rows.isEmpty()) {
			throw new AssertionError("No table under '%s' in %s".formatted(heading, this.path));
		}
		return rows;
	}

	/**
	 * Return what links can point to, as GitHub names it.
	 * @return the anchors
	 */
	Set<String> anchors() {
		Set<String> anchors = new TreeSet<>();
		Map<String, Integer> counts = new HashMap<>();
		prose().lines().map(HEADING::matcher).filter(Matcher::matches).forEach((heading) -> {
			String anchor = heading.group(1)
				.toLowerCase(Locale.ROOT)
				.replaceAll("[^\\p{L}\\p{N} _-]", "")
				.replace(' ', '-');
			int count = counts.merge(anchor, 1, Integer::sum);
			anchors.add((count > 1) ? anchor + "-" + (count - 1) : anchor);
		});
		return anchors;
	}

	List<String> links() {
		return LINK.matcher(prose().replaceAll("`[^`\\n]*`", "")).results().map((link) -> link.group(1)).toList();
	}

	// The text without its blocks
	private String prose() {
		return this.text.replaceAll("(?ms)^ *```.*?^ *```$", "");
	}

	static String unquote(String cell) {
		return cell.replace("`", "");
	}

	/**
	 * A block of code or output.
	 *
	 * @param page where it is
	 * @param line the number of its first line
	 * @param language the language, or an empty text
	 * @param content the lines within
	 */
	record Block(Page page, int line, String language, String content) {

		@Override
		public String toString() {
			return this.page.path() + ":" + this.line + " (" + this.language + ")";
		}

	}

}
