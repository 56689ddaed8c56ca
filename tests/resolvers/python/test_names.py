"""Which distribution an import name means, and which names mean none."""

from __future__ import annotations

import sys

import pytest

from jhansi_runner.resolvers.python.names import (
    Answer,
    NameMap,
    default_names,
    parse_curated,
    parse_known,
    parse_pipreqs,
)

WELL_KNOWN = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "Crypto.Cipher.AES": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil.parser": "python-dateutil",
    "docx": "python-docx",
    "dotenv.load_dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "flask_sqlalchemy": "flask-sqlalchemy",
    "git": "gitpython",
    "google.cloud.storage": "google-cloud-storage",
    "google.cloud.storage.Client": "google-cloud-storage",
    "google.cloud.vision_v1.types": "google-cloud-vision",
    "google.genai": "google-genai",
    "google.protobuf.message": "protobuf",
    "jwt": "pyjwt",
    "langchain_openai.ChatOpenAI": "langchain-openai",
    "llama_index.core": "llama-index-core",
    "llama_index.llms.openai.OpenAI": "llama-index-llms-openai",
    "magic": "python-magic",
    "mpl_toolkits.mplot3d": "matplotlib",
    "MySQLdb": "mysqlclient",
    "nacl.signing": "pynacl",
    "numpy.linalg": "numpy",
    "opentelemetry.exporter.otlp.proto.grpc.trace_exporter": "opentelemetry-exporter-otlp-proto-grpc",
    "PIL.Image": "pillow",
    "pptx": "python-pptx",
    "psycopg2.extras": "psycopg2-binary",
    "requests": "requests",
    "rest_framework.views": "djangorestframework",
    "ruamel.yaml": "ruamel-yaml",
    "serial.tools": "pyserial",
    "skimage.io": "scikit-image",
    "sklearn.linear_model": "scikit-learn",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}


@pytest.mark.parametrize(("name", "distribution"), WELL_KNOWN.items())
def test_well_known_names(name: str, distribution: str) -> None:
    answer = default_names().lookup(name)
    assert answer is not None
    assert answer.requirements == (distribution,)


@pytest.mark.parametrize(
    "name",
    [
        "reqeusts",
        "numppy",
        "beautifulsoup",
        "google",
        "google.cloud",
        "google.cloud.nonsense",
        "azure.mgmt.nonsense",
        "llama_index.llms.nonsense",
        "utils.helper",
        "config",
        "Requests",
        "huggingface_cli",
        "a_name_that_a_model_invented",
    ],
)
def test_what_is_not_certain_has_no_answer(name: str) -> None:
    assert default_names().lookup(name) is None


MAPS = NameMap(
    curated=parse_curated("# comment\nns -\nns.one first\nns.one.deep second third\nboth curated\nBig big-name\n"),
    pipreqs=parse_pipreqs("both:Pip\nother:Pip\nrare:Never_Heard\nns:Pip\n", frozenset({"pip"})),
    known=parse_known("both\nother\nplain-name\n"),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("both.x", Answer(("curated",), "both", "curated")),
        ("other", Answer(("pip",), "other", "pipreqs")),
        ("plain_name.x", Answer(("plain-name",), "plain_name", "identity")),
        ("ns.one", Answer(("first",), "ns.one", "curated")),
        ("ns.one.deep.er", Answer(("second", "third"), "ns.one.deep", "curated")),
        ("ns.one_v1beta2.x", Answer(("first",), "ns.one", "curated")),
        ("both_v2", None),
        ("ns.two", None),
        ("rare", None),
        ("big", None),
    ],
)
def test_the_order_of_the_maps(name: str, expected: Answer | None) -> None:
    assert MAPS.lookup(name) == expected


@pytest.mark.parametrize(
    ("name", "shown", "closest"),
    [
        ("reqeusts.adapters", "reqeusts", "requests"),
        ("Requests", "Requests", "requests"),
        ("scikit_learm", "scikit_learm", "scikit-learn"),
        ("huggingface_hubs", "huggingface_hubs", "huggingface-hub"),
        ("google.cloud.storag.Client", "google.cloud.storag", "google-cloud-storage"),
        ("utils", "utils", None),
        ("zzqqxx", "zzqqxx", None),
    ],
)
def test_an_unknown_name_is_shown_with_the_nearest_real_one(name: str, shown: str, closest: str | None) -> None:
    names = default_names()
    assert names.undecided_name(name) == shown
    assert names.closest(shown) == closest


def test_pipreqs_is_read_as_data_and_never_imported() -> None:
    assert default_names().pipreqs["flask"] == "flask"
    assert "pipreqs" not in sys.modules


@pytest.mark.parametrize("name", ["smbprotocol", "cowsay", "pytmx", "sqlobject", "environs"])
def test_distributions_that_are_imported_by_their_own_name(name: str) -> None:
    answer = default_names().lookup(name)
    assert answer is not None
    assert answer.requirements == (name,)


def test_a_name_is_not_the_closest_to_itself() -> None:
    names = NameMap({"smbclient": ("smbprotocol",)}, {}, frozenset())
    assert (names.lookup("smbprotocol"), names.closest("smbprotocol")) == (None, None)
    assert names.closest("smbprotocl") == "smbprotocol"
