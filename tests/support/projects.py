"""Small projects that need packages of the public registries, as texts."""

POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId>
    <version>3.3.5</version>
  </parent>
  <groupId>test</groupId> <artifactId>demo</artifactId> <version>1</version>
  <dependencies>
    <dependency> <groupId>org.springframework.boot</groupId> <artifactId>spring-boot-starter</artifactId> </dependency>
    <dependency>
      <groupId>org.springframework.boot</groupId> <artifactId>spring-boot-starter-test</artifactId>
      <scope>test</scope>
    </dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <groupId>org.springframework.boot</groupId> <artifactId>spring-boot-maven-plugin</artifactId>
      </plugin>
    </plugins>
  </build>
</project>
"""
MAIN = """\
package demo;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class Main {
    public static void main(String[] arguments) {
        SpringApplication.run(Main.class, arguments).close();
        System.out.println("it ran");
    }
}
"""
TEST = """\
package demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;

@SpringBootTest
class MainTest {
    @Test
    void adds() {
        assertEquals(2, 1 + 1);
    }
}
"""
GIN = """\
package main

import "github.com/gin-gonic/gin"

func Engine() *gin.Engine { return gin.New() }

func main() { println(Engine() != nil) }
"""
GIN_TEST = """\
package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEngine(t *testing.T) { require.NotNil(t, Engine()) }
"""
