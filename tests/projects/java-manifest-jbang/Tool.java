///usr/bin/env jbang "$0" "$@" ; exit $?
//DEPS info.picocli:picocli:4.7.6
//DEPS com.google.code.gson:gson:2.11.0
//JAVA 17+
//SOURCES lib/Part.java
import picocli.CommandLine;

public class Tool {
    public static void main(String[] args) {
        new Part();
    }
}
