package io.github.engagelab.sms.sample;

import java.io.File;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The page at {@code /} in a real browser, with the simulated EngageLab behind it.
 */
@EnabledIf(value = "isBrowserInstalled",
		disabledReason = "tests of the sample in a browser, as chromium and chromedriver are not both on the path")
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = "engagelab.sms.refresh.enabled=true")
class PageTests {

	private static final Optional<File> BROWSER = find("chromium");

	private static final Optional<File> DRIVER = find("chromedriver");

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	@LocalServerPort
	private int port;

	@TempDir
	Path profile;

	private ChromeDriver browser;

	static boolean isBrowserInstalled() {
		return BROWSER.isPresent() && DRIVER.isPresent();
	}

	private static Optional<File> find(String program) {
		return Stream.of(System.getenv("PATH").split(File.pathSeparator))
			.map((directory) -> new File(directory, program))
			.filter(File::canExecute)
			.findFirst();
	}

	@BeforeEach
	void openPage() {
		LoggingPreferences logs = new LoggingPreferences();
		logs.enable(LogType.BROWSER, Level.ALL);
		logs.enable(LogType.PERFORMANCE, Level.ALL);
		ChromeOptions options = new ChromeOptions();
		options.setBinary(BROWSER.orElseThrow());
		options.addArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
				"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
				"--user-data-dir=" + this.profile);
		options.setCapability(ChromeOptions.LOGGING_PREFS, logs);
		this.browser = new ChromeDriver(new ChromeDriverService.Builder().usingDriverExecutable(DRIVER.orElseThrow())
			.usingAnyFreePort()
			.build(), options);
		this.browser.get("http://localhost:%d/".formatted(this.port));
	}

	@AfterEach
	void closeBrowser() {
		if (this.browser != null) {
			this.browser.quit();
		}
	}

	@Test
	void pageFollowsAnAccountThatIsSpentAndAProviderThatFails() {
		assertThat(this.browser.getTitle()).isEqualTo("EngageLab SMS balance");
		awaitText("default", ".total", "14.3456");
		awaitText("marketing", ".total", "250.00");
		awaitText("default", ".state", "OK");
		awaitText("default", ".general-balance", "12.3456");
		awaitText("default", ".gift-balance", "2.00");
		int points = points();
		assertThat(points).isPositive();

		press("default", "Spend");
		awaitText("default", ".total", "9.3456");
		awaitText("default", ".state", "OK");
		find("default", "input").sendKeys(Keys.ENTER);
		awaitText("default", ".total", "4.3456");
		awaitText("default", ".state", "LOW");
		awaitText("default", ".meaning", "Below the low threshold of 5.00. Top up now.");
		awaitText("default", ".gift-balance", "0.00");
		awaitText("default", ".result", "Spend 5: the balance is 4.3456, the state is LOW.");
		awaitText("marketing", ".state", "OK");
		assertThat(points()).isGreaterThanOrEqualTo(points + 2);

		press("default", "HTTP 500");
		awaitText("default", ".failure-name", "SERVER_ERROR");
		assertThat(text("default", ".failure-answer")).contains("HTTP 500", "code 1000", "internal error");
		assertThat(text("default", ".failure-hint")).startsWith("The provider has an internal problem");
		awaitText("default", ".result", "HTTP 500: the read failed with SERVER_ERROR, the state is LOW.");
		String readAt = text("default", ".read-at");
		int age = age();
		await().until((browser) -> age() >= age + 2);
		assertThat(text("default", ".read-at")).isEqualTo(readAt);
		assertThat(text("default", ".total")).isEqualTo("4.3456");
		assertThat(text("default", ".state")).isEqualTo("LOW");

		press("default", "Recover");
		await().until((browser) -> !find("default", ".failure").isDisplayed());
		press("default", "Top up 50");
		awaitText("default", ".total", "54.3456");
		awaitText("default", ".state", "OK");

		assertFits(1280);
		assertFits(390);
		assertNoConsoleErrors();
		assertNoForeignRequests();
	}

	private WebElement find(String account, String selector) {
		return this.browser.findElement(By.cssSelector("section[data-account='%s'] %s".formatted(account, selector)));
	}

	private String text(String account, String selector) {
		return find(account, selector).getText();
	}

	private int points() {
		return Integer.parseInt(find("default", ".chart").getDomAttribute("data-points"));
	}

	private int age() {
		return Integer.parseInt(text("default", ".age").replace(" s ago", ""));
	}

	private void press(String account, String button) {
		this.browser.findElement(By.xpath("//section[@data-account='%s']//button[.='%s']".formatted(account, button)))
			.click();
	}

	private WebDriverWait await() {
		return new WebDriverWait(this.browser, PATIENCE, Duration.ofMillis(100));
	}

	private void awaitText(String account, String selector, String expected) {
		await()
			.withMessage(() -> "%s of account '%s' to be '%s' but it is '%s'".formatted(selector, account, expected,
					text(account, selector)))
			.until((browser) -> text(account, selector).equals(expected));
	}

	private void assertFits(int width) {
		this.browser.executeCdpCommand("Emulation.setDeviceMetricsOverride",
				Map.of("width", width, "height", 800, "deviceScaleFactor", 1, "mobile", false));
		await().withMessage("everything to fit into a width of %d pixels".formatted(width))
			.until((browser) -> this.browser.executeScript("""
					const width = document.documentElement.clientWidth;
					return [...document.querySelectorAll("body *")]
						.every((element) => element.getBoundingClientRect().right <= width);
					""").equals(true));
	}

	private void assertNoConsoleErrors() {
		assertThat(this.browser.manage().logs().get(LogType.BROWSER))
			.filteredOn((entry) -> entry.getLevel().intValue() >= Level.WARNING.intValue())
			.isEmpty();
	}

	private void assertNoForeignRequests() {
		assertThat(requests()).isNotEmpty()
			.filteredOn((url) -> !url.getScheme().equals("data"))
			.allSatisfy((url) -> assertThat(url.getAuthority()).isEqualTo("localhost:" + this.port));
	}

	private Stream<URI> requests() {
		return this.browser.manage()
			.logs()
			.get(LogType.PERFORMANCE)
			.getAll()
			.stream()
			.map((entry) -> JsonMapper.shared().readTree(entry.getMessage()).path("message"))
			.filter((message) -> message.path("method").asString().equals("Network.requestWillBeSent"))
			.map((message) -> message.path("params"))
			// The browser opens with a page of its own
			.filter((request) -> !request.path("documentURL").asString().startsWith("chrome"))
			.map((request) -> request.path("request").path("url"))
			.map(JsonNode::asString)
			.map(URI::create);
	}

}
