#!/usr/bin/env python3
"""Checks in the folder of a module that the module can be published: check-release.py ARTIFACT VERSION

That is what Maven Central demands before signatures and checksums (jar, sources, Javadoc, a POM with full metadata), and what
users rely on: what arrives with the dependency, a POM that stands alone, an SBOM, a small jar. Run by the profile "release".
"""

import glob
import json
import os
import sys
import xml.etree.ElementTree
import zipfile

GROUP = "io.github.engagelab"
AUTOCONFIGURE = "engagelab-sms-spring-boot-autoconfigure"
STARTER = "engagelab-sms-spring-boot-starter"

MODULE_NAMES = {AUTOCONFIGURE: "io.github.engagelab.sms", STARTER: "io.github.engagelab.sms.starter"}
# All that a user's build gets, beside what these bring along
ARRIVES = {
    AUTOCONFIGURE: {"spring-boot-autoconfigure", "spring-webflux", "jackson-databind"},
    STARTER: {AUTOCONFIGURE, "spring-webflux", "jackson-databind"},
}
MAX_BYTES = {AUTOCONFIGURE: 210_000, STARTER: 10_000}

METADATA = ["name", "description", "url", "licenses/license/name", "licenses/license/url", "developers/developer/name",
            "scm/connection", "scm/developerConnection", "scm/url"]
# What a POM must not ask of a build that depends on it
NOT_FOR_USERS = ["parent", "properties", "dependencyManagement", "repositories", "pluginRepositories",
                 "distributionManagement", "build", "profiles", "modules"]

failures = []


def check(ok, what):
    if not ok:
        failures.append(what)


def jar(artifact, version, classifier=""):
    name = f"target/{artifact}-{version}{classifier}.jar"
    try:
        return zipfile.ZipFile(name)
    except (OSError, zipfile.BadZipFile) as ex:
        sys.exit(f"FAILED: {name}: {ex}")


def manifest(archive):
    lines = archive.read("META-INF/MANIFEST.MF").decode().replace("\r\n", "\n").replace("\n ", "").splitlines()
    return dict(line.split(": ", 1) for line in lines if line)


def check_jars(artifact, version):
    main, sources, javadoc = (jar(artifact, version, classifier) for classifier in ("", "-sources", "-javadoc"))
    size = os.path.getsize(main.filename)
    check(size <= MAX_BYTES[artifact], f"{main.filename} has {size} bytes, more than {MAX_BYTES[artifact]}")
    entries = manifest(main)
    check(entries.get("Automatic-Module-Name") == MODULE_NAMES[artifact], f"Automatic-Module-Name in {entries}")
    check(entries.get("Implementation-Version") == version, f"Implementation-Version in {entries}")
    for archive in (main, sources, javadoc):
        modes = {entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
        check(modes <= {0o644, 0o755}, f"{archive.filename} was not built with umask 022, and so has other bytes")
    for archive in (main, sources):
        check("META-INF/LICENSE" in archive.namelist(), f"no META-INF/LICENSE in {archive.filename}")
    for source in glob.glob("**/*.java", root_dir="src/main/java", recursive=True):
        check(source in sources.namelist(), f"no {source} in {sources.filename}")
    start = "index.html" if os.path.exists("src/main/java") else "README.md"
    check(start in javadoc.namelist(), f"no {start} in {javadoc.filename}")
    return size


def check_pom(artifact, version):
    text = open("target/flattened-pom.xml", encoding="utf-8").read()
    pom = xml.etree.ElementTree.fromstring(text.replace('xmlns="http://maven.apache.org/POM/4.0.0"', ""))
    coordinates = [pom.findtext(name) for name in ("groupId", "artifactId", "version")]
    check(coordinates == [GROUP, artifact, version], f"coordinates {coordinates}")
    for path in METADATA:
        check((pom.findtext(path) or "").strip(), f"no {path} in the POM")
    for name in NOT_FOR_USERS:
        check(pom.find(name) is None, f"<{name}> in the POM")
    check("${" not in text, "a placeholder in the POM")
    dependencies = pom.findall("dependencies/dependency")
    for dependency in dependencies:
        name, scope, number = (dependency.findtext(key) for key in ("artifactId", "scope", "version"))
        check(scope == "compile", f"{name} has scope {scope}")
        check(number and number[0].isdigit() and ("SNAPSHOT" not in number or number == version),
              f"{name} has version {number}")
    arrives = {each.findtext("artifactId") for each in dependencies if each.findtext("optional") != "true"}
    check(arrives == ARRIVES[artifact], f"{sorted(arrives)} would arrive at users")
    return {each.findtext("artifactId") for each in dependencies}


def check_sbom(artifact, version, dependencies):
    with open(f"target/{artifact}-{version}-cyclonedx.json", encoding="utf-8") as file:
        sbom = json.load(file)
    described = sbom["metadata"]["component"]
    check([described[key] for key in ("group", "name", "version")] == [GROUP, artifact, version], f"SBOM of {described}")
    missing = dependencies - {component["name"] for component in sbom["components"]}
    check(not missing, f"no {sorted(missing)} in the SBOM")


def main(artifact, version):
    size = check_jars(artifact, version)
    check_sbom(artifact, version, check_pom(artifact, version))
    for failure in failures:
        print(f"FAILED: {failure}")
    if failures:
        sys.exit(1)
    print(f"{artifact} {version} can be published: jar ({size} bytes), sources, Javadoc, POM and SBOM are complete")


main(*sys.argv[1:])
