"""The command line as a user calls it: demo, bench, info."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import matplotlib.image
import pytest

import netlet
from netlet import _core
from netlet.__main__ import main
from netlet.commands.bench import cases
from support.child import WATCHDOG, run_child
from support.repo import ROOT


def test_info_names_version_instruction_set_and_threads(capsys):
    assert main(["info"]) == 0
    shown = capsys.readouterr().out
    assert netlet.__version__ in shown
    assert _core.active_isa() in shown
    assert f"threads:          {netlet.get_num_threads()}" in shown


def test_no_command_shows_the_choices():
    result = subprocess.run([sys.executable, "-m", "netlet"], capture_output=True, text=True, timeout=WATCHDOG)
    assert result.returncode == 2
    assert "demo" in result.stderr


def test_demo_learns_digits_and_draws(tmp_path):
    """The README's first command, in a child process: accuracy of at least 98.5 % on 450 held-out digits."""
    picture = tmp_path / "picture.png"
    command = [sys.executable, "-m", "netlet", "demo", "--output", str(picture)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=WATCHDOG)
    assert result.returncode == 0, result.stderr
    for part in ["Total params", "Epoch 1/", "val_loss", "Test accuracy: ", "true \\ predicted"]:
        assert part in result.stdout
    accuracy = float(result.stdout.split("Test accuracy: ")[1].split("%")[0])
    assert accuracy >= 98.5
    assert matplotlib.image.imread(picture).shape[:2] == (1080, 1560)


def test_demo_splits_without_overlap():
    from netlet.commands.demo import load_digits

    x_train, y_train, x_test, y_test = load_digits(0)
    assert len(x_train) == len(y_train) == 1347
    assert len(x_test) == len(y_test) == 450
    assert set(y_test) == set(range(10))
    assert not {x.tobytes() for x in x_train} & {x.tobytes() for x in x_test}


@pytest.mark.parametrize("missing", ["sklearn", "matplotlib"])
def test_demo_without_its_extra_says_what_to_install(missing):
    code = f"""
        import sys
        sys.modules["{missing}"] = None
        from netlet.__main__ import main
        sys.exit(main(["demo"]))
        """
    result = run_child(code, check=False)
    assert result.returncode == 1
    assert "netlet[demo]" in result.stderr
    assert "Traceback" not in result.stderr


def test_bench_checks_answers_and_prints_ratios(capsys, monkeypatch):
    monkeypatch.setattr(cases, "PRODUCTS", [(8, 8, 8), (10, 11, 11)])
    monkeypatch.setattr(cases, "SIZES", {"1k": 1024})
    monkeypatch.setattr(cases, "NETWORKS", [((11, 11, 7, 10), 10)])
    assert main(["bench", "--seconds", "0"]) == 0
    shown = capsys.readouterr().out
    for part in [
        "matmul 8 x 8 x 8",
        "sigmoid, 1k elements",
        "training step 11-11-7-10",
        "predict one row",
        "Geometric mean",
    ]:
        assert part in shown


def test_bench_would_notice_a_wrong_answer(monkeypatch):
    from netlet import ops

    monkeypatch.setattr(ops, "tanh", lambda x: x)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        list(cases.elementwise())


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    [example] = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    monkeypatch.chdir(tmp_path)
    exec(example, {})
    scores, digit = capsys.readouterr().out.splitlines()
    assert ast.literal_eval(scores)["accuracy"] > 0.9
    assert 0 <= int(digit) <= 9
    assert (tmp_path / "digits.netlet").exists()
