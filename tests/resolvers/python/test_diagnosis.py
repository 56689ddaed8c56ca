"""What a program missed, from CPython's own last words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.resolvers.interface import NOTHING, Missing, Plan
from jhansi_runner.resolvers.python.diagnosis import diagnose
from jhansi_runner.resolvers.python.plan import plan
from jhansi_runner.resolvers.python.tracebacks import SIGNS, failures
from support.workspaces import DictView, parse_here

Case = Mapping[str, str]


def planned_for(files: Case, entry: str) -> Plan:
    return plan(DictView(files), entry, parse_here)


def ran(folder: Path, files: Case, entry: str = "main.py", *, seen: Plan | None = None) -> Sequence[Missing]:
    """Run a program with this Python and nothing installed but the standard library, and diagnose its words."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-S", "-E", entry], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    words = done.stderr.replace(f"{folder}/", "/sandbox/")
    return diagnose(words, DictView(files), planned_for(files, entry) if seen is None else seen)


HIDDEN = "name = 'ya' + 'ml'\n__import__(name)\n"


def test_a_module_that_no_scan_could_see(tmp_path: Path) -> None:
    (found,) = ran(tmp_path, {"main.py": HIDDEN})
    assert found.requirement is not None
    assert (found.import_name, found.requirement.text, found.requirement.origin) == ("yaml", "pyyaml", "curated")
    assert (found.file, found.line, found.addition, found.manifest) == ("main.py", 2, "pyyaml", "")


@pytest.mark.parametrize(
    "words",
    [
        "/usr/bin/python3: No module named pip\n",
        'Traceback (most recent call last):\n  File "/usr/bin/pip", line 5, in <module>\n'
        "    from pip._internal.cli.main import main\nModuleNotFoundError: No module named 'pip'\n",
    ],
)
def test_whoever_types_pip_install_is_told_how_packages_come(words: str) -> None:
    (found,) = diagnose(words, DictView({}), Plan("python", NOTHING))
    assert found.requirement is not None and found.requirement.name == "pip"
    assert "named in requirements.txt, are installed without it" in found.reason


def test_a_program_that_imports_pip_is_told_of_it_as_of_any_other(tmp_path: Path) -> None:
    (found,) = ran(tmp_path, {"main.py": "__import__('p' + 'ip')\n"})
    assert (found.import_name, found.reason) == ("pip", "the scan did not see it")


PYPROJECT = '[project]\nname = "a"\ndependencies = [\n    "rich",\n]\n'
POETRY = '[tool.poetry.dependencies]\nrich = "*"\n'
INLINE = '# /// script\n# dependencies = ["rich"]\n# ///\nimport yaml\n'


@pytest.mark.parametrize(
    ("files", "manifest", "line"),
    [
        ({"main.py": "import yaml\n", "requirements.txt": "rich\n"}, "requirements.txt", "pyyaml"),
        ({"main.py": "import yaml\n", "pyproject.toml": PYPROJECT}, "pyproject.toml", '    "pyyaml",'),
        ({"main.py": "import yaml\n", "pyproject.toml": POETRY}, "pyproject.toml", 'pyyaml = "*"'),
        ({"main.py": INLINE}, "main.py", '# dependencies = ["rich", "pyyaml"]'),
    ],
)
def test_a_manifest_that_forgot_one_gets_the_exact_line(tmp_path: Path, files: Case, manifest: str, line: str) -> None:
    (found,) = ran(tmp_path, files)
    assert (found.manifest, found.addition) == (manifest, line)
    assert f"{manifest}" in found.reason


def test_a_dotted_name_is_recovered_from_the_line_of_source(tmp_path: Path) -> None:
    (found,) = ran(tmp_path, {"main.py": "import google.cloud.storage\n", "requirements.txt": "rich"})
    assert found.requirement is not None
    assert (found.import_name, found.requirement.name) == ("google.cloud.storage", "google-cloud-storage")
    (found,) = ran(tmp_path, {"main.py": "from google.cloud import bigquery as bq\n", "requirements.txt": "rich"})
    assert found.requirement is not None
    assert found.requirement.name == "google-cloud-bigquery"


def test_of_a_chain_the_preferred_alternative_is_named(tmp_path: Path) -> None:
    source = "try:\n    import ujson as json\nexcept ImportError:\n    import simplejson as json\n"
    (found,) = ran(tmp_path, {"main.py": source, "requirements.txt": "rich"})
    assert found.requirement is not None
    assert (found.requirement.name, found.line) == ("ujson", 2)


def test_an_error_that_was_survived_is_none(tmp_path: Path) -> None:
    source = "import traceback\ntry:\n    import yaml\nexcept ImportError:\n    traceback.print_exc()\n" + "1 / 0\n"
    assert ran(tmp_path, {"main.py": source, "requirements.txt": "rich"}) == ()


def test_a_chain_to_another_error_still_names_its_cause(tmp_path: Path) -> None:
    source = "try:\n    import yaml\nexcept ImportError as e:\n    raise SystemError('broken') from e\n"
    (found,) = ran(tmp_path, {"main.py": source, "requirements.txt": "rich"})
    assert found.import_name == "yaml"


def test_a_local_file_is_never_a_package(tmp_path: Path) -> None:
    files = {"app/main.py": "import numpy_tools\n", "src/numpy_tools.py": "", "requirements.txt": "rich"}
    (found,) = ran(tmp_path, files, "app/main.py")
    assert found.requirement is None
    assert "src/numpy_tools.py is a file of the workspace" in found.reason


def test_a_file_named_like_the_package_is_explained(tmp_path: Path) -> None:
    files = {"main.py": "import requests\nrequests.get('x')\n", "requests.py": "x = 1\n", "requirements.txt": "rich"}
    (found,) = ran(tmp_path, files)
    assert found.requirement is None
    assert found.reason.startswith("requests.py has the name of the package requests")
    (found,) = ran(tmp_path, {**files, "main.py": "from requests.auth import A\n"})
    assert found.reason.startswith("requests.py has the name of the package requests")
    (found,) = ran(tmp_path, {**files, "main.py": "from requests import get\n"})
    assert found.reason.startswith("requests.py has the name of the package requests")


def test_names_that_no_map_knows_get_the_closest_and_no_requirement(tmp_path: Path) -> None:
    (found,) = ran(tmp_path, {"main.py": "import reqeusts\n", "requirements.txt": "rich"})
    assert (found.requirement, found.closest, found.addition) == (None, "requests", "")


def test_what_left_the_standard_library_is_no_package(tmp_path: Path) -> None:
    (found,) = ran(tmp_path, {"main.py": "import urllib2\n"})
    assert found.requirement is None
    assert "standard library" in found.reason


TRACE = "Traceback (most recent call last):\n"
FRAME = '  File "/sandbox/main.py", line 1, in <module>\n    df.to_excel("x")\n'
DEEP = '  File "/deps/pandas/io.py", line 9, in f\n    import_optional_dependency("openpyxl")\n'
WORDS = {
    "pandas": f"{TRACE}{FRAME}{DEEP}ImportError: Missing optional dependency 'openpyxl'.  Use pip or conda.",
    "soup": f"{TRACE}{FRAME}bs4.exceptions.FeatureNotFound: Couldn't find a tree builder with the features you "
    "requested: lxml. Do you need to install a parser library?",
    "form": f'{TRACE}{FRAME}RuntimeError: Form data requires "python-multipart" to be installed. \n'
    'You can install "python-multipart" with: \n\npip install python-multipart',
    "extra": f"{TRACE}{FRAME}ImportError: email-validator is not installed, run `pip install 'pydantic[email]'`",
    "greenlet": f"{TRACE}{FRAME}ValueError: the greenlet library is required. No module named 'greenlet'",
    "import": f"{TRACE}{FRAME}ImportError: `Import lxml` failed.  Use pip, conda, or what you prefer to install it.",
    "engines": f"{TRACE}{FRAME}ImportError: Unable to find a usable engine; tried using: 'pyarrow', 'fastparquet'.\n"
    " - `Import pyarrow` failed. pyarrow is required.\n - `Import fastparquet` failed. fastparquet is required.",
    "template": f"{TRACE}{FRAME}ImportError: jinja2 must be installed to use Jinja2Templates",
    "frozen": f'{TRACE}{FRAME}  File "<frozen importlib._bootstrap>", line 1142, in _find_and_load_unlocked\n'
    "ModuleNotFoundError: No module named 'lxml'",
    "html": f"{TRACE}{FRAME}ImportError: html5lib not found, please install it",
    "module": "/usr/bin/python3: No module named pytest",
    "group": f"  + Exception Group Traceback (most recent call last):\n  | {TRACE}"
    "  | ModuleNotFoundError: No module named 'yaml'",
}
ASKED = {
    "pandas": "openpyxl",
    "soup": "lxml",
    "form": "python-multipart",
    "extra": "pydantic[email]",
    "greenlet": "greenlet",
    "html": "html5lib",
    "import": "lxml",
    "engines": "pyarrow",
    "template": "jinja2",
    "frozen": "lxml",
    "module": "pytest",
    "group": "pyyaml",
}


@pytest.mark.parametrize("case", WORDS)
def test_what_packages_say_of_their_extras(case: str) -> None:
    files = {"main.py": "import pandas\n", "requirements.txt": "pandas\npydantic\n"}
    (found,) = diagnose(WORDS[case], DictView(files), planned_for(files, "main.py"))
    assert found.requirement is not None
    assert (found.requirement.text, found.addition, found.manifest) == (ASKED[case], ASKED[case], "requirements.txt")


def test_a_message_cannot_bring_in_what_no_map_knows() -> None:
    files = {"main.py": "", "requirements.txt": "rich"}
    plan = planned_for(files, "main.py")
    for words in (
        "pip install evil-package-of-mine",
        "pip install --index-url x evil",
        "Missing optional dependency 'x y'",
    ):
        assert diagnose(f"{TRACE}{FRAME}ImportError: {words}", DictView(files), plan) == ()


def test_a_package_that_is_there_in_another_version_is_not_asked_for_again() -> None:
    files = {"main.py": "import sklearn.externals\n", "requirements.txt": "scikit-learn"}
    words = f"{TRACE}{FRAME}ModuleNotFoundError: No module named 'sklearn.externals'"
    (found,) = diagnose(words, DictView(files), planned_for(files, "main.py"))
    assert (found.requirement, "scikit-learn is installed" in found.reason) == (None, True)


def test_a_version_that_has_the_module_is_asked_for() -> None:
    files = {"main.py": "import moviepy.editor\n", "requirements.txt": "moviepy"}
    words = f"{TRACE}{FRAME}ModuleNotFoundError: No module named 'moviepy.editor'"
    (found,) = diagnose(words, DictView(files), planned_for(files, "main.py"))
    assert found.addition == "moviepy<2"


@given(st.lists(st.sampled_from([*WORDS.values(), FRAME, TRACE, "\n", "'", "No module named ", "x.y"]) | st.text()))
def test_any_words_are_read(parts: list[str]) -> None:
    words = "".join(parts)
    failures(words)
    files = {"main.py": "", "x.py": ""}
    for found in diagnose(words, DictView(files), Plan("python", "none")):
        assert found.reason
        assert found.requirement is None or found.requirement.text.isprintable()


@pytest.mark.parametrize("case", WORDS)
def test_whatever_is_understood_has_a_sign(case: str) -> None:
    assert any(sign in WORDS[case] for sign in SIGNS)


def test_a_cause_that_lies_in_packages_is_told_once_and_where_it_led_to() -> None:
    files = {"main.py": "import pandas\n", "requirements.txt": "pandas"}
    inner = f"{TRACE}{DEEP}ModuleNotFoundError: No module named 'openpyxl'\n"
    direct = "\nThe above exception was the direct cause of the following exception:\n\n"
    (found,) = diagnose(f"{inner}{direct}{WORDS['pandas']}", DictView(files), planned_for(files, "main.py"))
    assert (found.import_name, found.file, found.line) == ("openpyxl", "main.py", 1)
