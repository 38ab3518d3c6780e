"""The bits of each workload are those on record for this instruction set, and a change of them is in the changelog."""

from __future__ import annotations

import functools

import pytest

from support import bits
from support.workloads import WORKLOADS, hashes

found = functools.cache(hashes)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_bits_are_those_on_record(isa, workload):
    recorded = bits.table().get(isa)
    if recorded is None:
        pytest.skip(f"no hashes of {isa} on record: run `python tools/hashes.py --write` on such a CPU")
    assert found(isa)[workload] == recorded[workload], (
        f"netlet computes other bits than before. If that is meant: `python tools/hashes.py --write`, and its line in "
        f"{'CHANGELOG.md'}."
    )


def test_the_changelog_names_the_fingerprints():
    assert bits.changelog_line(bits.table()) in bits.changelog()


def test_the_table_is_whole():
    """Each instruction set has all workloads, and no two hashes of one set are equal."""
    for isa, recorded in bits.table().items():
        assert isa in {"scalar", "avx2", "avx512", "neon"}
        assert list(recorded) == sorted(WORKLOADS)
        assert len(set(recorded.values())) == len(recorded)


def test_a_changed_hash_changes_the_line():
    table = bits.table()
    for recorded in table.values():
        line = bits.changelog_line(table)
        name = next(iter(recorded))
        recorded[name] = recorded[name][::-1]
        assert bits.changelog_line(table) != line
