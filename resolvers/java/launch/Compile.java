import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.ForwardingJavaFileObject;
import javax.tools.JavaFileObject;
import javax.tools.ToolProvider;

/**
 * javac, for which a public class may be in a file of any name, as it may where `java` starts a source file.
 *
 * Its arguments are a file of options and one of sources, a line each, in quotes where it has to be.
 *
 * Source: JEP 330; JavaFileObject.isNameCompatible.
 */
class Compile {
    private static final class AnyName extends ForwardingJavaFileObject<JavaFileObject> {
        AnyName(JavaFileObject file) {
            super(file);
        }

        @Override
        public boolean isNameCompatible(String name, Kind kind) {
            return kind == Kind.SOURCE || super.isNameCompatible(name, kind);
        }
    }

    public static void main(String[] arguments) throws IOException {
        var javac = ToolProvider.getSystemJavaCompiler();
        boolean made;
        try (var files = javac.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            var sources = new ArrayList<JavaFileObject>();
            for (var file : files.getJavaFileObjects(lines(arguments[1]).toArray(String[]::new))) {
                sources.add(new AnyName(file));
            }
            made = javac.getTask(null, files, null, lines(arguments[0]), null, sources).call();
        }
        System.exit(made ? 0 : 1);
    }

    private static List<String> lines(String path) throws IOException {
        var found = new ArrayList<String>();
        for (String line : Files.readAllLines(Path.of(path))) {
            boolean quoted = line.startsWith("\"");
            found.add(quoted ? line.substring(1, line.length() - 1).replaceAll("\\\\(.)", "$1") : line);
        }
        return found;
    }
}
