"""From an import path to a module, or to the module that was meant."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.golang.names import Names, default_names

NAMES = default_names()


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("github.com/gin-gonic/gin", "github.com/gin-gonic/gin"),
        ("github.com/gin-gonic/gin/binding", "github.com/gin-gonic/gin"),
        ("github.com/labstack/echo/v4/middleware", "github.com/labstack/echo/v4"),
        ("github.com/labstack/echo/v9/middleware", "github.com/labstack/echo/v9"),
        ("github.com/nobody/nothing/a/b", "github.com/nobody/nothing"),
        ("github.com/nobody/nothing/sub/v3/b", "github.com/nobody/nothing/sub/v3"),
        ("github.com/aws/aws-sdk-go-v2/service/s3/types", "github.com/aws/aws-sdk-go-v2/service/s3"),
        ("github.com/aws/aws-sdk-go-v2/service/newer/types", "github.com/aws/aws-sdk-go-v2/service/newer"),
        ("github.com/aws/aws-sdk-go-v2/aws", "github.com/aws/aws-sdk-go-v2"),
        ("golang.org/x/net/html", "golang.org/x/net"),
        ("golang.org/x/newer/a", "golang.org/x/newer"),
        ("gopkg.in/yaml.v3", "gopkg.in/yaml.v3"),
        ("gopkg.in/nobody/name.v2/a", "gopkg.in/nobody/name.v2"),
        ("k8s.io/klog/v2/klogr", "k8s.io/klog/v2"),
        ("google.golang.org/grpc/codes", "google.golang.org/grpc"),
        ("go.opentelemetry.io/otel/sdk/trace", "go.opentelemetry.io/otel/sdk"),
        ("gorm.io/driver/newer", "gorm.io/driver/newer"),
        ("cloud.google.com/go/newer/apiv1", "cloud.google.com/go/newer"),
        ("example.test/a/b", "example.test/a"),
        ("example.test/a/v2/b", "example.test/a/v2"),
        ("gin", None),
        ("shop/db", None),
        ("github.com/a b/c", None),
    ],
)
def test_the_module_of_a_package(path: str, module: str | None) -> None:
    assert NAMES.module_of(path) == module


@pytest.mark.parametrize(
    ("module", "meant"),
    [
        ("github.com/Sirupsen/logrus", "github.com/sirupsen/logrus"),
        ("github.com/siruspen/logrus", "github.com/sirupsen/logrus"),
        ("github.com/gorila/mux", "github.com/gorilla/mux"),
        ("github.com/pkg/errorz", "github.com/pkg/errors"),
        ("github.com/gooogle/uuid", "github.com/google/uuid"),
        ("github.com/stretchr/testfy", "github.com/stretchr/testify"),
        ("github.com/ginn-gonic/gin", "github.com/gin-gonic/gin"),
    ],
)
def test_a_module_that_looks_like_a_known_one(module: str, meant: str) -> None:
    assert NAMES.imitates(module) == meant


@pytest.mark.parametrize(
    "module",
    [
        "github.com/gofrs/uuid",
        "github.com/myorg/gin",
        "github.com/labstack/echo/v5",
        "github.com/jackc/pgx/v6",
        "gopkg.in/yaml.v4",
        "github.com/aws/aws-sdk-go-v2/service/sso",
        "golang.org/x/sink",
        "github.com/spf13/newthing",
        "example.test/a",
    ],
)
def test_another_project_is_no_imitation(module: str) -> None:
    assert NAMES.imitates(module) is None


@pytest.mark.parametrize(
    ("path", "closest"),
    [
        ("gin", "github.com/gin-gonic/gin"),
        ("gorilla/mux", "github.com/gorilla/mux"),
        ("logrus", "github.com/sirupsen/logrus"),
        ("github.com/go-gin/gin", "github.com/gin-gonic/gin"),
        ("github.com/pkg/errorz", "github.com/pkg/errors"),
        ("github.com/spf13/cobrra/doc", "github.com/spf13/cobra"),
        ("github.com/qqqqq/wwwwwww", None),
        ("github.com/nobodyx/qq", None),
        ("nowhere.test/gin-gonic/gib", None),
    ],
)
def test_the_closest_module(path: str, closest: str | None) -> None:
    assert NAMES.closest(path) == closest


def test_the_standard_library() -> None:
    assert all(map(NAMES.is_std, ("fmt", "net/http", "unsafe", "C", "internal/abi", "math/rand/v2")))
    assert not any(map(NAMES.is_std, ("fmtt", "net/http2", "shop/db", "golang.org/x/net")))


def test_no_known_module_imitates_another() -> None:
    others = {name: Names(NAMES.std, NAMES.known - {name}).imitates(name) for name in sorted(NAMES.known)[::25]}
    wrong = {name: meant for name, meant in others.items() if meant is not None}
    assert len(wrong) <= 2, wrong
