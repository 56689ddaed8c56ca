import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.List;
import javax.inject.Inject;
import javax.inject.Named;
import javax.inject.Singleton;
import org.apache.maven.AbstractMavenLifecycleParticipant;
import org.apache.maven.MavenExecutionException;
import org.apache.maven.execution.MavenSession;
import org.apache.maven.project.DefaultDependencyResolutionRequest;
import org.apache.maven.project.DependencyResolutionException;
import org.apache.maven.project.MavenProject;
import org.apache.maven.project.ProjectDependenciesResolver;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.graph.DependencyNode;

/**
 * Has Maven itself fetch the dependencies of every project, and writes them down in the order of the class path. A plugin that
 * does so needs a hundred artifacts of its own.
 *
 * Source: Maven's guide "Using Maven Extensions".
 */
@Named("resolve")
@Singleton
public class Resolve extends AbstractMavenLifecycleParticipant {
    private final ProjectDependenciesResolver resolver;

    @Inject
    public Resolve(ProjectDependenciesResolver resolver) {
        this.resolver = resolver;
    }

    @Override
    public void afterProjectsRead(MavenSession session) throws MavenExecutionException {
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(Paths.get("artifacts.txt"), StandardCharsets.UTF_8))) {
            for (MavenProject project : session.getProjects()) {
                DefaultDependencyResolutionRequest request =
                        new DefaultDependencyResolutionRequest(project, session.getRepositorySession());
                write(out, "", resolver.resolve(request).getDependencyGraph().getChildren());
            }
        } catch (DependencyResolutionException | java.io.IOException fault) {
            throw new MavenExecutionException(fault.getMessage(), fault);
        }
    }

    /** One line for each artifact, with what needs it. */
    private static void write(PrintWriter out, String above, List<DependencyNode> nodes) {
        for (DependencyNode node : nodes) {
            Artifact one = node.getArtifact();
            String[] words = {
                one.getGroupId(), one.getArtifactId(), one.getVersion(), one.getExtension(), one.getClassifier(),
                node.getDependency().getScope(), one.getFile() == null ? "" : one.getFile().getPath(), above
            };
            out.println(String.join("\t", words));
            write(out, words[0] + "\t" + words[1] + "\t" + words[2], node.getChildren());
        }
    }
}
