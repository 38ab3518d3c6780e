"""The hashes on record: tests/reproducibility/hashes.json, and what CHANGELOG.md says of them.

The changelog names a fingerprint of each instruction set's hashes, so the table cannot change without the changelog.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
from typing import Any

from netlet import _core
from support.repo import ROOT
from support.simd import OVERLAYS

TABLE = pathlib.Path(__file__).parents[1] / "reproducibility" / "hashes.json"


def base_isas() -> list[str]:
    """The instruction sets of this CPU with kernels of their own, best first."""
    return [isa for isa in _core.supported_isas() if isa not in OVERLAYS]


def table() -> dict[str, Any]:
    """{instruction set: {workload: SHA-256}}."""
    return dict(json.loads(TABLE.read_text(encoding="utf-8")))


def fingerprint(hashes: dict[str, str]) -> str:
    """Eight digits that depend on all hashes of an instruction set."""
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:8]


def changelog_line(found: dict[str, dict[str, str]]) -> str:
    """What CHANGELOG.md must say of a table."""
    return "Bits on record: " + ", ".join(f"{isa} {fingerprint(hashes)}" for isa, hashes in sorted(found.items()))


def changelog() -> str:
    """CHANGELOG.md with single spaces between words."""
    return " ".join((ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split())
