package io.github.engagelab.sms;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.BaseStream;
import java.util.stream.Stream;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.Architectures;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Dependencies run one way, nothing is changeable behind everybody's back, nothing uses
 * threads that are not ours, and the API is what it is said to be.
 */
@AnalyzeClasses(packages = "io.github.engagelab.sms", importOptions = DoNotIncludeTests.class)
class ArchitectureTests {

	private static final String ROOT = "io.github.engagelab.sms";

	private static final Set<String> API = Set.of("SmsBalance", "SmsBalanceSnapshot", "SmsBalanceThresholds",
			"SmsAccountState", "SmsAccountStatus", "SmsAccountStateChangedEvent", "SmsBalanceService",
			"ReactiveSmsBalanceService", "SmsBalanceException", "SmsBalanceFailure", "UnknownSmsAccountException",
			"client.EngageLabSmsConnectionDetails", "client.SmsBalanceClient",
			"client.EngageLabSmsHttpClientCustomizer");

	private static final Set<String> READ_BY_BOOT = Set.of("autoconfigure.EngageLabSmsProperties",
			"autoconfigure.EngageLabSmsAutoConfiguration", "autoconfigure.EngageLabSmsEndpointAutoConfiguration",
			"autoconfigure.EngageLabSmsRedisAutoConfiguration", "autoconfigure.EngageLabSmsSanitizingAutoConfiguration",
			"autoconfigure.health.EngageLabSmsHealthContributorAutoConfiguration",
			"autoconfigure.metrics.EngageLabSmsMetricsAutoConfiguration");

	// What traces a caller goes through Reactor's context under Micrometer's key
	private static final Set<String> MICROMETERS_KEY = Set.of("EngageLabSmsHttpClient",
			"DefaultReactiveSmsBalanceService");

	@ArchTest
	final ArchRule packagesHaveNoCycles = SlicesRuleDefinition.slices()
		.assignedFrom(new PackageAssignment())
		.should()
		.beFreeOfCycles();

	@ArchTest
	final ArchRule dependenciesRunOneWay = Architectures.layeredArchitecture()
		.consideringOnlyDependenciesInLayers()
		.layer("public")
		.definedBy(ROOT)
		.layer("client")
		.definedBy(ROOT + ".client")
		.layer("cluster")
		.definedBy(ROOT + ".cluster")
		.layer("monitor")
		.definedBy(ROOT + ".monitor")
		.layer("health")
		.definedBy(ROOT + ".health")
		.layer("metrics")
		.definedBy(ROOT + ".metrics")
		.layer("endpoint")
		.definedBy(ROOT + ".actuate.endpoint")
		.layer("autoconfigure")
		.definedBy(ROOT + ".autoconfigure..")
		.whereLayer("autoconfigure")
		.mayNotBeAccessedByAnyLayer()
		.whereLayer("health")
		.mayOnlyBeAccessedByLayers("autoconfigure")
		.whereLayer("metrics")
		.mayOnlyBeAccessedByLayers("autoconfigure")
		.whereLayer("endpoint")
		.mayOnlyBeAccessedByLayers("autoconfigure")
		.whereLayer("cluster")
		.mayOnlyBeAccessedByLayers("autoconfigure")
		.whereLayer("monitor")
		.mayOnlyBeAccessedByLayers("autoconfigure", "health", "metrics", "endpoint", "cluster")
		.whereLayer("client")
		.mayOnlyBeAccessedByLayers("autoconfigure", "monitor", "cluster")
		.whereLayer("public")
		.mayOnlyBeAccessedByLayers("autoconfigure", "health", "metrics", "endpoint", "monitor", "cluster", "client");

	@ArchTest
	final ArchRule monitorDoesNotKnowCluster = ArchRuleDefinition.noClasses()
		.that()
		.resideInAPackage(ROOT + ".monitor")
		.should()
		.dependOnClassesThat()
		.resideInAPackage(ROOT + ".cluster");

	@ArchTest
	final ArchRule staticFieldsAreFinal = ArchRuleDefinition.fields()
		.that()
		.areStatic()
		.should()
		.haveModifier(JavaModifier.FINAL);

	@ArchTest
	final ArchRule onlyTheClientAndItsWiringKnowHttp = ArchRuleDefinition.noClasses()
		.that()
		.resideOutsideOfPackages(ROOT + ".client", ROOT + ".autoconfigure..", ROOT + ".actuate.endpoint")
		.should()
		.dependOnClassesThat()
		.resideInAnyPackage("org.springframework.web..", "org.springframework.http..", "tools.jackson..");

	@ArchTest
	final ArchRule moneyIsNotFloatingPoint = ArchRuleDefinition.noFields()
		.should()
		.haveRawType(double.class)
		.orShould()
		.haveRawType(float.class);

	@ArchTest
	final ArchRule nothingRunsOnThreadsThatAreNotOurs = ArchRuleDefinition.noClasses()
		.should()
		.accessTargetWhere(new UsesSharedThreads());

	@ArchTest
	void sharedThreadsAreRecognized(JavaClasses classes) {
		JavaClass offender = new ClassFileImporter().importClass(Offender.class);
		assertThat(offender.getAccessesFromSelf().stream().filter(new UsesSharedThreads()).map(JavaAccess::getName))
			.containsExactlyInAnyOrder("boundedElastic", "parallel", "single", "delay", "delayElement", "timeout",
					"timeout", "interval", "elapsed", "supplyAsync", "thenRunAsync", "orTimeout", "completeOnTimeout",
					"delayedExecutor", "commonPool", "parallelStream", "parallel");
	}

	@ArchTest
	void nothingTakesADetour(JavaClasses classes) {
		assertThat(classes.stream()
			.flatMap((type) -> type.getCodeUnits().stream())
			.filter(new TakesADetour())
			.filter((codeUnit) -> !MICROMETERS_KEY.contains(codeUnit.getOwner().getSimpleName()))).isEmpty();
		assertThat(classes.stream().flatMap((type) -> type.getFields().stream().map(JavaField::getRawType)))
			.noneMatch(TakesADetour::isOf);
	}

	@ArchTest
	void detoursAreRecognized(JavaClasses classes) {
		assertThat(new ClassFileImporter().importClass(Detours.class)
			.getMethods()
			.stream()
			.filter(new TakesADetour())
			.map((method) -> method.getName().replaceAll("lambda.(\\w+).\\d+", "$1")))
			.containsExactlyInAnyOrder("caught", "checked", "hidden", "proxy", "context", "parked", "compared");
	}

	@ArchTest
	void apiIsWhatItIsSaidToBe(JavaClasses classes) {
		Set<String> expected = new TreeSet<>(API);
		expected.addAll(READ_BY_BOOT);
		Set<String> actual = new TreeSet<>();
		classes.stream()
			.filter((type) -> type.isTopLevelClass() && type.getModifiers().contains(JavaModifier.PUBLIC))
			.filter((type) -> !isForTechnicalReasons(type))
			.forEach((type) -> actual.add(nameOf(type)));
		assertThat(actual).isEqualTo(expected);
	}

	@ArchTest
	void apiIsNotForTechnicalReasons(JavaClasses classes) {
		assertThat(API).allSatisfy((name) -> {
			JavaClass type = classes.get(ROOT + "." + name);
			assertThat(type.getModifiers()).contains(JavaModifier.PUBLIC);
			assertThat(isForTechnicalReasons(type)).isFalse();
		});
	}

	private static String nameOf(JavaClass type) {
		return type.getName().substring(ROOT.length() + 1);
	}

	private static boolean isForTechnicalReasons(JavaClass type) {
		Path source = Path.of("src/main/java", type.getName().replace('.', '/') + ".java");
		try {
			String text = Files.readString(source);
			String head = text.substring(0, text.indexOf("\npublic "));
			return head.replaceAll("[\\s*]+", " ").contains("Public for technical reasons only");
		}
		catch (IOException ex) {
			throw new AssertionError(ex);
		}
	}

	/**
	 * One slice per package, the root and those below autoconfigure included.
	 */
	private static final class PackageAssignment implements SliceAssignment {

		@Override
		public SliceIdentifier getIdentifierOf(JavaClass type) {
			return SliceIdentifier.of(type.getPackageName());
		}

		@Override
		public String getDescription() {
			return "packages";
		}

	}

	/**
	 * Whether something runs on, or is timed by, threads of Reactor or the JDK that the
	 * whole application shares.
	 */
	private static final class UsesSharedThreads extends DescribedPredicate<JavaAccess<?>> {

		private static final Set<String> SCHEDULERS = Set.of("boundedElastic", "parallel", "single");

		/**
		 * Operators that are on the shared clock although they are given no time.
		 */
		private static final Set<String> CLOCKED = Set.of("elapsed", "timed", "timestamp");

		private static final Set<String> FUTURE_DELAYS = Set.of("orTimeout", "completeOnTimeout", "delayedExecutor");

		UsesSharedThreads() {
			super("it runs on shared threads");
		}

		@Override
		public boolean test(JavaAccess<?> access) {
			if (!(access.getTarget() instanceof CodeUnitAccessTarget target)) {
				return false;
			}
			JavaClass owner = target.getOwner();
			String name = target.getName();
			List<JavaClass> parameters = target.getRawParameterTypes();
			if (owner.isEquivalentTo(Schedulers.class)) {
				return SCHEDULERS.contains(name);
			}
			if (owner.isAssignableTo(Mono.class) || owner.isAssignableTo(Flux.class)) {
				return (has(parameters, Duration.class) || CLOCKED.contains(name)) && !has(parameters, Scheduler.class);
			}
			if (owner.isAssignableTo(CompletionStage.class)) {
				return FUTURE_DELAYS.contains(name) || (name.endsWith("Async") && !has(parameters, Executor.class));
			}
			return name.equals("parallelStream") || (owner.isEquivalentTo(ForkJoinPool.class))
					|| (name.equals("parallel") && owner.isAssignableTo(BaseStream.class))
					|| (name.equals("sendAsync") && owner.isAssignableTo("java.net.http.HttpClient"));
		}

		private static boolean has(List<JavaClass> parameters, Class<?> type) {
			return parameters.stream().anyMatch((parameter) -> parameter.isEquivalentTo(type));
		}

	}

	/**
	 * Whether something handles a shortage of memory, hides what it hands on, waits in a
	 * way that no interrupt ends, or decides by the text of an exception.
	 */
	private static final class TakesADetour extends DescribedPredicate<JavaCodeUnit> {

		private static final Set<String> TYPES = Set.of("java.lang.OutOfMemoryError", "java.lang.ThreadLocal",
				"java.lang.InheritableThreadLocal", "java.lang.reflect.Proxy", "reactor.util.context.Context",
				"reactor.util.context.ContextView");

		private static final Set<String> COMPARISONS = Set.of("equals", "equalsIgnoreCase", "contains", "startsWith",
				"endsWith", "matches", "indexOf", "regionMatches", "contentEquals");

		TakesADetour() {
			super("it takes a detour");
		}

		@Override
		public boolean test(JavaCodeUnit codeUnit) {
			boolean types = codeUnit.getAccessesFromSelf().stream().anyMatch((access) -> isOf(access.getTargetOwner()))
					|| codeUnit.getTryCatchBlocks()
						.stream()
						.flatMap((block) -> block.getCaughtThrowables().stream())
						.anyMatch(TakesADetour::isOf)
					|| codeUnit.getInstanceofChecks().stream().anyMatch((check) -> isOf(check.getRawType()))
					|| codeUnit.getReferencedClassObjects().stream().anyMatch((object) -> isOf(object.getRawType()))
					|| codeUnit.getRawParameterTypes().stream().anyMatch(TakesADetour::isOf);
			boolean parks = accesses(codeUnit, LockSupport.class, Set.of("parkNanos"));
			return types || parks || (accesses(codeUnit, Throwable.class, Set.of("getMessage", "getLocalizedMessage"))
					&& accesses(codeUnit, String.class, COMPARISONS));
		}

		private static boolean isOf(JavaClass type) {
			return TYPES.contains(type.getName());
		}

		private static boolean accesses(JavaCodeUnit codeUnit, Class<?> owner, Set<String> names) {
			return codeUnit.getAccessesFromSelf()
				.stream()
				.anyMatch(
						(access) -> access.getTargetOwner().isAssignableTo(owner) && names.contains(access.getName()));
		}

	}

	/**
	 * Takes all detours, and some ways that are none.
	 */
	@SuppressWarnings({ "unused", "UnusedMethod" })
	private static final class Detours {

		boolean caught(Runnable task) {
			try {
				task.run();
				return true;
			}
			catch (OutOfMemoryError ex) {
				return false;
			}
		}

		boolean checked(Throwable ex) {
			return ex instanceof OutOfMemoryError;
		}

		Object hidden() {
			return ThreadLocal.withInitial(() -> 1);
		}

		Object proxy(InvocationHandler handler) {
			return Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[0], handler);
		}

		Mono<Object> context(Mono<Object> mono) {
			return mono.contextWrite((context) -> context.put("key", "value"));
		}

		void parked() {
			LockSupport.parkNanos(1);
		}

		boolean compared(Exception ex) {
			return ex.getMessage().contains("manager closed");
		}

		boolean none(Exception ex) {
			return ex instanceof IllegalStateException && "a".equals("b") && ThreadLocalRandom.current().nextBoolean();
		}

		String shown(Exception ex) {
			return ex.getMessage();
		}

	}

	/**
	 * Does all that must not be done, and some of what may.
	 */
	@SuppressWarnings({ "unused", "UnusedMethod" })
	private static final class Offender {

		private final Duration time = Duration.ZERO;

		Stream<Object> schedulers(Scheduler own) {
			return Stream.of(Schedulers.boundedElastic(), Schedulers.parallel(), (Runnable) Schedulers::single,
					Schedulers.fromExecutor(Runnable::run));
		}

		Stream<Object> operators(Scheduler own) {
			return Stream.of(Mono.delay(this.time), Mono.just(1).delayElement(this.time), Mono.just(1).elapsed(),
					Mono.just(1).timeout(this.time), Mono.just(1).timeout(this.time, Mono.empty()),
					Flux.interval(this.time), Mono.delay(this.time, own), Mono.just(1).timeout(this.time, own),
					Mono.just(1).timeout(Mono.never()));
		}

		Stream<Object> futures(CompletableFuture<Integer> future, Executor own) {
			return Stream.of(CompletableFuture.supplyAsync(() -> 1), future.thenRunAsync(() -> {
			}), future.orTimeout(1, TimeUnit.SECONDS), future.completeOnTimeout(1, 1, TimeUnit.SECONDS),
					CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS), future.thenRunAsync(() -> {
					}, own), future.thenApply((result) -> result));
		}

		Stream<Object> pools(List<Object> list) {
			return Stream.of(ForkJoinPool.commonPool(), list.parallelStream(), list.stream().parallel());
		}

	}

}
