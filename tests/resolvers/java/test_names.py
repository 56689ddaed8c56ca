"""From a package to the artifact that provides it, and never to one that only might."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.java.names import NameMap, binding_for, default_names, parse_rows

NAMES = default_names()


def artifact(name: str) -> str | None:
    found = NAMES.lookup(name)
    return found.artifacts[0].key if found else None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("com.google.gson.Gson", "com.google.code.gson:gson"),
        ("com.google.common.collect.ImmutableList", "com.google.guava:guava"),
        ("com.google.common.truth.Truth", "com.google.truth:truth"),
        ("com.fasterxml.jackson.databind.ObjectMapper", "com.fasterxml.jackson.core:jackson-databind"),
        (
            "com.fasterxml.jackson.dataformat.yaml.YAMLFactory",
            "com.fasterxml.jackson.dataformat:jackson-dataformat-yaml",
        ),
        ("org.junit.Test", "junit:junit"),
        ("org.junit.jupiter.api.*", "org.junit.jupiter:junit-jupiter"),
        ("org.springframework.web.bind.annotation.RestController", "org.springframework.boot:spring-boot-starter-web"),
        ("org.springframework.context.ApplicationContext", "org.springframework:spring-context"),
        ("javax.annotation.PostConstruct", "javax.annotation:javax.annotation-api"),
        ("javax.annotation.Nullable", "com.google.code.findbugs:jsr305"),
        ("javax.xml.bind.JAXBContext", "javax.xml.bind:jaxb-api"),
        ("com.sun.jna.Native", "net.java.dev.jna:jna"),
        ("org.json.JSONObject", "org.json:json"),
        ("org.json.simple.JSONObject", "com.googlecode.json-simple:json-simple"),
        ("jdbc:postgresql", "org.postgresql:postgresql"),
        ("org.testcontainers.containers.PostgreSQLContainer", "org.testcontainers:postgresql"),
        ("org.testcontainers.containers.GenericContainer", "org.testcontainers:testcontainers"),
        (
            "org.elasticsearch.client.RestHighLevelClient",
            "org.elasticsearch.client:elasticsearch-rest-high-level-client",
        ),
        ("org.elasticsearch.client.RestClient", "org.elasticsearch.client:elasticsearch-rest-client"),
        ("com.openai.client.OpenAIClient", "com.openai:openai-java"),
        ("io.micrometer.core.instrument.MeterRegistry", "io.micrometer:micrometer-core"),
        (
            "io.micrometer.prometheus.PrometheusMeterRegistry",
            "io.micrometer:micrometer-registry-prometheus-simpleclient",
        ),
        ("io.micrometer.prometheusmetrics.PrometheusConfig", "io.micrometer:micrometer-registry-prometheus"),
        ("com.google.common.jimfs.Jimfs", "com.google.jimfs:jimfs"),
        ("tools.jackson.databind.json.JsonMapper", "tools.jackson.core:jackson-databind"),
        ("tools.jackson.dataformat.yaml.YAMLMapper", "tools.jackson.dataformat:jackson-dataformat-yaml"),
        ("tools.jackson.dataformat.ion.IonMapper", None),
        ("org.junit.jupyter.api.Test", None),
        ("org.junit.runners.Parameterized", "junit:junit"),
        ("com.googlexgson.Gson", None),
        ("com.example.Thing", None),
    ],
)
def test_the_longest_prefix_decides(name: str, key: str | None) -> None:
    assert artifact(name) == key
    assert not NAMES.is_jdk(name)


def test_a_logger_that_lombok_writes_into_a_program_comes_with_it() -> None:
    keys = {name: [each.key for each in found.artifacts] for name, found in NAMES.rows.items()}
    assert keys["lombok"] == ["org.projectlombok:lombok"]
    assert keys["lombok.extern.slf4j"] == ["org.projectlombok:lombok", "org.slf4j:slf4j-api"]
    loggers = {name for name in keys if name.startswith("lombok.extern.")}
    assert len(loggers) == 6 and all(len(keys[name]) > 1 for name in loggers)
    assert artifact("lombok.extern.java.Log") == "org.projectlombok:lombok"


OF_JAVA = """
java.util.List java.util.* javax.swing.JFrame javax.sql.DataSource org.w3c.dom.Document sun.misc.Unsafe jdk.jfr.Event
javax.annotation.processing.Processor javax.transaction.xa.XAResource com.sun.net.httpserver.HttpServer
javax.xml.stream.XMLStreamReader org.xml.sax.helpers.DefaultHandler
"""


@pytest.mark.parametrize("name", OF_JAVA.split())
def test_what_comes_with_java_needs_nothing(name: str) -> None:
    assert NAMES.is_jdk(name)
    assert NAMES.lookup(name) is None


def test_there_are_many_packages_and_each_artifact_has_one_name() -> None:
    assert len(NAMES.rows) >= 900
    for answer in NAMES.rows.values():
        for each in answer.artifacts:
            assert each.fit and each.version, each


def test_artifacts_of_one_family_have_one_version() -> None:
    families = (
        "com.fasterxml.jackson.core",
        "com.fasterxml.jackson.dataformat",
        "org.springframework.boot",
        "io.grpc",
        "org.testcontainers",
    )
    for group in families:
        versions = {a.version for row in NAMES.rows.values() for a in row.artifacts if a.group == group}
        assert len(versions) == 1, (group, versions)


def test_the_closest_known_package_is_named() -> None:
    assert NAMES.closest("com.google.gsson.Gson") == "com.google.code.gson:gson"
    assert NAMES.closest("zz.qq.xx.Thing") is None


def test_a_binding_is_wanted_unless_one_is_there() -> None:
    found = parse_rows("a:b:1 ?slf4j | a.b\nch.qos.logback:logback-classic:1 | c\n")
    assert found["a.b"].binding
    assert not found["c"].binding
    assert binding_for(found["a.b"].artifacts) is not None
    assert binding_for([*found["a.b"].artifacts, *found["c"].artifacts]) is None


@pytest.mark.parametrize("row", ["a:b:1", "a | b", "a:b:1 c | d", " | a", "a:b:1 | d e\nc:d:1 | e"])
def test_a_row_that_is_none_is_an_error(row: str) -> None:
    with pytest.raises(ValueError, match="no row"):
        parse_rows(row)


def test_a_jdk_package_wins_over_a_shorter_prefix_of_an_artifact() -> None:
    names = NameMap(parse_rows("a:b:1 | javax.x"), frozenset({"javax.x.y"}))
    assert names.lookup("javax.x.y.Z") is None
    assert names.lookup("javax.x.Z") is not None
