"""pytest's option `--share` of tests/conftest.py, with which tools/nightly.sh runs many random orders."""

from __future__ import annotations

import dataclasses
import types

import pytest

from support.repo import ROOT

NAMES = [f"tests/test_{n % 7}.py::test_{n}" for n in range(95)]


@dataclasses.dataclass(frozen=True)
class Item:
    nodeid: str


@pytest.fixture
def drawn(request):
    conftest = request.config.pluginmanager.get_plugin(str(ROOT / "tests" / "conftest.py"))

    def draw(share, seed, names=NAMES):
        options = {"--share": share, "randomly_seed": seed}
        left_out = []
        hook = types.SimpleNamespace(pytest_deselected=lambda items: left_out.extend(items))
        config = types.SimpleNamespace(getoption=lambda name, default=None: options.get(name, default), hook=hook)
        items = [Item(name) for name in names]
        every = list(items)
        conftest.draw_share(config, items)
        assert [item for item in every if item not in left_out] == items
        return [item.nodeid for item in items]

    return draw


def test_all_tests_by_default(drawn):
    assert drawn(1, 3) == NAMES


def test_a_tenth_is_drawn_by_the_seed_alone(drawn):
    assert len(drawn(10, 3)) == 10
    assert sorted(drawn(10, 3, NAMES[::-1])) == sorted(drawn(10, 3))
    assert drawn(10, 3) != drawn(10, 4)
    assert len({name for seed in range(100) for name in drawn(10, seed)}) == len(NAMES)
