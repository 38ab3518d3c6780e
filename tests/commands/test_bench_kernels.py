"""The kernel benchmarks in bench/, outside the package: they run, and a wrong result is not timed.

No times are asserted.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from netlet import ops
from support.repo import ROOT

pytestmark = pytest.mark.skipif(not (ROOT / "bench" / "kernels").is_dir(), reason="bench/ is not here")


@pytest.fixture
def measure(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from bench.harness import measure

    return measure


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "bench.kernels", *arguments, "--samples", "1", "--seconds", "0"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_table_with_all_sides_and_its_numbers_as_json(tmp_path):
    out = run("reduce", "gemm", "--only", "^sum of 4k|10 x 7 x 11", "--json", str(tmp_path / "numbers.json"))
    assert re.search(r"sum of 4k .* GB/s", out)
    assert re.search(r"matmul 10 x 7 x 11 nn .* GFLOP/s", out)
    tables = json.loads((tmp_path / "numbers.json").read_text())["tables"]
    rows = {name: rates for table in tables.values() for name, rates in table.items()}
    assert list(tables) == ["reduce", "gemm"] and list(rows) == ["sum of 4k", "matmul 10 x 7 x 11 nn"]
    assert all({"unit", "plan", "call", "numpy"} <= set(rates) for rates in rows.values())


def test_the_plot(tmp_path):
    pytest.importorskip("matplotlib")
    run("gemm", "--only", "^matmul (8|16) x ", "--plot", str(tmp_path / "gemm.svg"))
    text = (tmp_path / "gemm.svg").read_text()
    assert all(word in text for word in ("netlet", "NumPy", "float32", "GFLOP/s"))


def squares(measure, ours, peer):
    from bench.harness.row import Case

    x = np.ones(5, np.float32)
    return measure.sides_of("square", Case(ours=ours, on=[x], truth=x, peers={"peer": lambda: peer(x)}, bytes=40))


def test_a_wrong_answer_is_not_timed(measure):
    with pytest.raises(AssertionError, match="netlet"):
        squares(measure, ops.negative, np.square)


def test_a_peer_with_a_wrong_answer_is_left_out_with_a_line(measure, capsys):
    """ONNX Runtime's products of 8-bit codes saturate on CPUs without VNNI; the benchmark goes on."""
    assert "peer" in squares(measure, ops.square, np.square)
    assert capsys.readouterr().out == ""
    assert "peer" not in squares(measure, ops.square, np.negative)
    assert "peer is left out" in capsys.readouterr().out


def test_names_of_rows_are_unique(measure):
    import bench.kernels

    for group in bench.kernels.groups():
        names = [row.name for row in bench.kernels.rows(group)]
        assert len(names) == len(set(names)) > 0
