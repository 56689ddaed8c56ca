"""Plugins for Maven's own lifecycle that need nothing but Maven, and a project that is built with them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.jars import make_jar
from support.registry.maven import MavenUpstream

_GOALS = {
    "clean": ("clean",),
    "resources": ("resources", "testResources"),
    "compiler": ("compile", "testCompile"),
    "surefire": ("test",),
    "jar": ("jar",),
    "install": ("install",),
}
PROVIDER = "org.test:provider:1.0"
_MOJO = """\
package own;

import java.io.File;
import org.apache.maven.execution.MavenSession;
import org.apache.maven.plugin.AbstractMojo;
import org.apache.maven.plugin.MojoExecutionException;
import org.apache.maven.project.MavenProject;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;

public class Own extends AbstractMojo {
    private RepositorySystem system;
    private MavenSession session;
    private MavenProject project;
    private String goal;

    public void execute() throws MojoExecutionException {
        File sources = new File(project.getBasedir(), "src");
        if (goal.equals("compile") && new File(sources, "main/java/Broken.java").exists()) {
            throw new MojoExecutionException("Broken.java does not compile");
        }
        if (!goal.equals("test") || !new File(sources, "test/java").isDirectory()) {
            return;
        }
        ArtifactRequest wanted = new ArtifactRequest(
                new DefaultArtifact("org.test:provider:jar:1.0"), project.getRemotePluginRepositories(), null);
        try {
            system.resolveArtifact(session.getRepositorySession(), wanted);
        } catch (ArtifactResolutionException fault) {
            throw new MojoExecutionException(fault.getMessage(), fault);
        }
        getLog().info("the tests were run");
    }
}
"""
_GOAL = """\
<mojo>
  <goal>{goal}</goal> <requiresProject>true</requiresProject>
  <implementation>own.Own</implementation> <language>java</language>
  <instantiationStrategy>per-lookup</instantiationStrategy> <executionStrategy>once-per-session</executionStrategy>
  <parameters>
    <parameter> <name>session</name> <type>org.apache.maven.execution.MavenSession</type> </parameter>
    <parameter> <name>project</name> <type>org.apache.maven.project.MavenProject</type> </parameter>
    <parameter> <name>goal</name> <type>java.lang.String</type> </parameter>
  </parameters>
  <configuration>
    <session implementation="org.apache.maven.execution.MavenSession" default-value="${{session}}"/>
    <project implementation="org.apache.maven.project.MavenProject" default-value="${{project}}"/>
    <goal implementation="java.lang.String" default-value="{goal}"/>
  </configuration>
  <requirements>
    <requirement> <role>org.eclipse.aether.RepositorySystem</role> <field-name>system</field-name> </requirement>
  </requirements>
</mojo>
"""
_DESCRIPTOR = """\
<plugin>
  <name>own</name> <groupId>org.apache.maven.plugins</groupId> <artifactId>maven-{name}-plugin</artifactId>
  <version>1.0</version> <goalPrefix>{name}</goalPrefix>
  <mojos>{goals}</mojos>
</plugin>
"""


def fill(up: MavenUpstream, folder: Path) -> None:
    """The plugins, each a version 1.0; surefire's asks for PROVIDER when there are tests, and the compiler's fails on
    a `Broken.java`."""
    source = folder / "own/Own.java"
    source.parent.mkdir(parents=True)
    source.write_text(_MOJO)
    libraries = "/usr/share/maven/lib/*"
    subprocess.run(["javac", "--release", "8", "-nowarn", "-cp", libraries, "-d", folder, source], check=True)
    compiled = (folder / "own/Own.class").read_bytes()
    for name, goals in _GOALS.items():
        described = _DESCRIPTOR.format(name=name, goals="".join(_GOAL.format(goal=goal) for goal in goals))
        jar = make_jar({"own/Own.class": compiled, "META-INF/maven/plugin.xml": described})
        up.add(f"org.apache.maven.plugins:maven-{name}-plugin:1.0", packaging="maven-plugin", files={".jar": jar})
    up.add(PROVIDER)
    up.add("org.codehaus.plexus:plexus-utils:1.1")  # Maven 3 adds it to whatever has none


def plugins() -> str:
    """The part of a pom that chooses these plugins."""
    rows = (f"<plugin><artifactId>maven-{name}-plugin</artifactId><version>1.0</version></plugin>" for name in _GOALS)
    return f"<build><plugins>{''.join(rows)}</plugins></build>"
