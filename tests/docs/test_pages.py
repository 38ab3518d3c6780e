"""The Python of every page runs and prints what the page says.

tests/support/page_setups.py has what pages take for granted.
"""

from __future__ import annotations

import pathlib
import warnings
from collections.abc import Iterator

import pytest

from support.page_setups import NOT_RUN, SETUPS, TABLES
from support.pages import blocks, code_in, rows, run, same
from support.repo import ROOT

PAGES = {
    path.relative_to(ROOT / "docs").as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs").rglob("*.md"))
}
WITH_CODE = [name for name, text in PAGES.items() if blocks(text)]


@pytest.fixture(autouse=True)
def apart(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each page runs in a folder of its own, and leaves the global settings as they were."""
    import netlet

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETLET_HOME", str(tmp_path))
    policy, floatx, threads = netlet.mixed_precision.dtype_policy(), netlet.config.floatx(), netlet.get_num_threads()
    netlet.utils.set_random_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few epochs
        yield
    netlet.distribution.set_distribution(None)
    netlet.set_num_threads(threads)
    netlet.config.set_floatx(floatx)
    netlet.mixed_precision.set_dtype_policy(policy)


@pytest.mark.parametrize("name", WITH_CODE)
def test_code_of_a_page(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = blocks(PAGES[name])
    left_out = NOT_RUN.get(name, {})
    assert set(left_out) <= set(range(len(found))), "NOT_RUN names a block that does not exist"
    namespace: dict = {"__name__": "page", "monkeypatch": monkeypatch}
    run(SETUPS.get(name, ""), namespace, f"setup of {name}")
    for number, (line, code) in enumerate(found):
        if number not in left_out:
            run(code, namespace, name, line)


@pytest.mark.parametrize("name", TABLES)
def test_code_of_a_table(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right column's code of a page of "you write there, you write here" runs."""
    namespace: dict = {"__name__": "page", "monkeypatch": monkeypatch}
    run(SETUPS.get(name, ""), namespace, f"setup of {name}")
    for number, (line, code) in enumerate(blocks(PAGES[name])):
        if number not in NOT_RUN.get(name, {}):
            run(code, namespace, name, line)
    count = 0
    for line, cells in rows(PAGES[name]):
        for code in code_in(cells[1]):
            run(code, namespace, f"docs/{name}: {code}", line)
            count += 1
    assert count > 10


def test_setups_are_used() -> None:
    assert set(SETUPS) | set(NOT_RUN) | set(TABLES) <= set(PAGES)


@pytest.mark.parametrize(
    ("said", "printed", "equal"),
    [
        ("0.25 [1. 2.]", "0.2504 [1.  2.]", True),
        ("0.25", "0.27", False),
        ("(3, 4) float32", "(3, 4)\nfloat32", True),
        ("(3, 4)", "(3, 5)", False),
        ("3", "3.4", False),
        ("[3. 4.]", "[3. 5.]", False),
        ("1.5e-3", "0.00159", True),
        ("1.5e-3", "0.0017", False),
        ("loss: ... done", "loss: 0.7 and done", True),
        ("loss: ... done", "lost: 0.7 and done", False),
    ],
)
def test_the_comparison(said: str, printed: str, equal: bool) -> None:
    assert same(said, printed) == equal
