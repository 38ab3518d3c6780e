"""A short run of each fuzz target, with the inputs that once failed. `python -m tools.fuzz` makes long runs."""

from __future__ import annotations

import itertools
import pathlib
import sys

import pytest

from support.child import ADDRESS_SANITIZER
from support.repo import ROOT

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from tools.fuzz import report
from tools.fuzz.__main__ import steps
from tools.fuzz.executions import Table
from tools.fuzz.report import Report
from tools.fuzz.running import Options, run_process
from tools.fuzz.targets import NAMES

CORPUS = pathlib.Path(__file__).parent / "fuzz_corpus"


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    """The reports of all targets, which run in one process; after a crash the rest runs in another one."""
    found = [Report(name) for name in NAMES]
    left = found
    while left and not run_process(left, Options(engine="plain", runs="default")):
        crashed = max(i for i, r in enumerate(left) if r.executions)
        left = left[crashed + 1 :]
    return {r.target: r for r in found}


@pytest.mark.parametrize("name", NAMES)
def test_inputs_are_read_or_refused_with_a_named_exception(reports, name):
    assert reports[name].failures == {}
    assert reports[name].executions >= 50
    assert len(reports[name].outcomes) > 1  # some inputs are read, some are refused


def test_inputs_that_once_failed_belong_to_targets():
    assert {path.name for path in CORPUS.glob("*")} <= set(NAMES)


# ---- the harness itself ----------------------------------------------------------------------------------------------
def run_faulty(words, tmp_path, monkeypatch, hangs=120.0):
    monkeypatch.setattr(report, "FOUND", tmp_path / "found")
    files = []
    for number, word in enumerate(words):
        files.append(str(tmp_path / str(number)))
        pathlib.Path(files[-1]).write_text(word)
    result = Report("faulty")
    run_process([result], Options(hangs=hangs), files)
    return result


def test_the_harness_finds_faults(tmp_path, monkeypatch):
    words = ["good", "late import", "kind", "no words", "no text", "other path", "other path, natively", "code"]
    memory = [] if ADDRESS_SANITIZER else ["memory"]  # which is not limited then
    words += memory
    result = run_faulty(words, tmp_path, monkeypatch)
    assert result.executions == len(words)
    starts = ["KeyError", "ValueError that does not name", "UnicodeDecodeError", "open of ../", "open of the", "exec"]
    for start, what in zip([*starts, *("MemoryError" for _ in memory)], result.failures, strict=True):
        assert what.startswith(start)


@pytest.mark.parametrize(("word", "ending"), [("crash", "SIGSEGV in execution 2"), ("hang", "a hang in execution 2")])
def test_the_harness_finds_crashes_and_hangs(word, ending, tmp_path, monkeypatch):
    result = run_faulty(["good", word, "good"], tmp_path, monkeypatch, hangs=5.0)
    assert list(result.failures) == [ending]
    assert pathlib.Path(result.failures[ending]).read_text() == word


@pytest.mark.slow
def test_atheris_counts_what_it_runs():
    """libFuzzer ends the process itself, and the report of the last seconds was lost."""
    pytest.importorskip("atheris")
    result = Report("idx")
    assert run_process([result], Options(engine="atheris", runs=50))
    assert result.executions == sum(result.outcomes.values()) == 50
    assert result.coverage > 10
    assert result.failures == {}


# ---- counting --------------------------------------------------------------------------------------------------------
def test_a_table_counts_over_runs(tmp_path):
    path = tmp_path / "executions.txt"
    seeds = []
    for stops_after in (2, 9):
        table = Table(path)
        for step in itertools.islice(steps("idx", Options(runs=400), table, total=1000), stops_after):
            failures = {"KeyError": "build/fuzz/idx/0"} if step.seed == 1 else {}
            table.add(Report("idx", executions=step.runs, cpu=1.6, failures=failures), "plain", step.seed)
            seeds.append((step.seed, step.runs))
    assert seeds == [(0, 400), (1, 400), (2, 200)]
    assert path.read_text().splitlines()[1].split()[1:] == ["idx", "plain", "0-2", "1000", "6", "1"]
    assert Table(path).executions("idx", "atheris") == Table(path).next_seed("idx", "atheris") == 0


def test_the_table_in_the_tree_counts_targets():
    lines = Table(ROOT / "tools" / "fuzz" / "executions.txt").lines
    assert {line.target for line in lines} <= set(NAMES)
    assert sum(line.executions for line in lines) > 0
