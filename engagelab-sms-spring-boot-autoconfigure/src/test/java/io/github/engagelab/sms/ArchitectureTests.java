package io.github.engagelab.sms;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.Architectures;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;

/**
 * Dependencies run one way, and nothing is changeable behind everybody's back.
 */
@AnalyzeClasses(packages = "io.github.engagelab.sms", importOptions = DoNotIncludeTests.class)
class ArchitectureTests {

	private static final String ROOT = "io.github.engagelab.sms";

	@ArchTest
	final ArchRule packagesHaveNoCycles = SlicesRuleDefinition.slices()
		.matching(ROOT + ".(*)..")
		.should()
		.beFreeOfCycles();

	@ArchTest
	final ArchRule dependenciesRunOneWay = Architectures.layeredArchitecture()
		.consideringOnlyDependenciesInLayers()
		.layer("public")
		.definedBy(ROOT)
		.layer("client")
		.definedBy(ROOT + ".client")
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
		.whereLayer("monitor")
		.mayOnlyBeAccessedByLayers("autoconfigure", "health", "metrics", "endpoint")
		.whereLayer("client")
		.mayOnlyBeAccessedByLayers("autoconfigure", "monitor")
		.whereLayer("public")
		.mayOnlyBeAccessedByLayers("autoconfigure", "health", "metrics", "endpoint", "monitor", "client");

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

}
