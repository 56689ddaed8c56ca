"""All targets, by what they read."""

from __future__ import annotations

from fuzz.engine import Target
from fuzz.read_archives import TARGETS as ARCHIVES
from fuzz.read_bundles import TARGETS as BUNDLES
from fuzz.read_golang import TARGETS as GOLANG
from fuzz.read_heads import TARGETS as HEADS
from fuzz.read_indexes import TARGETS as INDEXES
from fuzz.read_java import TARGETS as JAVA
from fuzz.read_locks import TARGETS as LOCKS
from fuzz.read_messages import TARGETS as MESSAGES
from fuzz.read_node import TARGETS as NODE
from fuzz.read_policies import TARGETS as POLICIES
from fuzz.read_python import TARGETS as PYTHON
from fuzz.read_texts import TARGETS as TEXTS
from fuzz.read_urls import TARGETS as URLS

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *ARCHIVES,
        *BUNDLES,
        *GOLANG,
        *HEADS,
        *INDEXES,
        *JAVA,
        *LOCKS,
        *MESSAGES,
        *NODE,
        *POLICIES,
        *PYTHON,
        *TEXTS,
        *URLS,
    )
}
