"""The gallery: each row of the lecture notes has its page, and each page runs alone, silent and without leftovers."""

from __future__ import annotations

import ast
import collections
import os
import pathlib
import re
import subprocess
import sys

import pytest

import netlet
from support.repo import ROOT

SCRIPTS = {path.stem: path for path in sorted((ROOT / "docs" / "gallery").glob("plot_*.py"))}

# The rows' first words, and the number of their pages: a row that names several systems may have several.
ROWS = {
    "Neuron, weighted sum, bias, sigmoid": 1,
    "Linear regression, cost J(w,b) = Σ(ŷ−y)²/2m, gradient descent": 1,
    "Multiple, polynomial, logistic, softmax regression": 1,
    "McCulloch-Pitts, perceptron learning rule, XOR impossible for one layer": 1,
    "Universal approximation": 1,
    "MLP on digits, one-hot labels, 784-16-16-10 (also 784-20-10)": 1,
    "Activations and their derivatives": 1,
    "Multi-class exclusive (softmax) and multi-label (sigmoid)": 1,
    "Loss and cost": 1,
    "Backpropagation, chain rule": 1,
    "Batch, stochastic, mini-batch (32) descent": 1,
    "Vanishing and exploding gradients": 1,
    "Overfitting and underfitting, dropout, early stopping": 1,
    "Reproducibility": 1,
    "Churn ANN": 1,
    "Metrics: accuracy, confusion matrix, precision, recall, ROC-AUC": 1,
    "CNN: kernels 2×2, 3×3, 5×5, stride, padding, feature maps": 1,
    "Min-max scaling 0..255 → 0..1, RGB and grey": 1,
    "Transfer learning: freeze, replace the head, fine-tune": 1,
    "RNN, unrolled, one-to-one / one-to-many / many-to-one / many-to-many": 1,
    "LSTM: forget, input, output gates": 1,
    "Next-word prediction, text generation with temperature 0..2": 3,
    "Stock-price-like series": 1,
    "Image captioning (CNN → RNN)": 2,
    "Word2Vec: continuous bag of words and skip-gram": 1,
    "Transformers: self-attention, parallel over words, positions": 1,
    "Autoencoder, PCA, dimensionality reduction": 1,
    "GAN": 3,
    "Detection and segmentation": 2,
    '"A random image still gets a confident label"': 2,
    "FP32, FP16, BF16: bits 1/8/23, 1/5/10, 1/8/7": 1,
    "Post-training quantization, quantization-aware training, representative data": 1,
    "absmax: x·127/max|x|": 1,
    "zero point: scale = 255/(max−min)": 1,
    "Hyper-parameter search, k-fold": 1,
    "Larger data: Dask": 1,
}

# These take a few seconds each; the others run with `-m slow` or `--run-slow`.
FAST = {
    "plot_neuron",
    "plot_activations",
    "plot_backpropagation",
    "plot_descent",
    "plot_perceptron_xor",
    "plot_losses",
    "plot_absmax",
    "plot_rnn",
}

# Runs a page as a user would, then draws its figures, as the documentation does.
CHILD = """
import runpy, sys
runpy.run_path(sys.argv[1], run_name="__main__")
import matplotlib.pyplot as plt
assert plt.get_fignums(), "the page has no figure"
for number in plt.get_fignums():
    plt.figure(number).canvas.draw()
"""


def rows_of(path: pathlib.Path) -> list[str]:
    """The rows that the page says it is about."""
    lines = re.findall(r"^# Lecture notes: (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) == 1, f"{path.name}: expected one line `# Lecture notes: ...`, found {len(lines)}"
    found = []
    for words in (part.strip() for part in lines[0].split(";")):
        matching = [row for row in ROWS if row.startswith(words)]
        assert len(matching) == 1, f"{path.name}: {words!r} is the beginning of {len(matching)} rows"
        found += matching
    return found


def test_each_row_has_its_pages():
    assert len(ROWS) == 36
    pages = collections.Counter(row for path in SCRIPTS.values() for row in rows_of(path))
    for row, count in ROWS.items():
        assert pages[row] == count, row


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_figure_is_drawn_in_one_cell(name):
    """The documentation takes a picture of each figure at the end of the cell that makes it."""
    cells = re.split(r"^# %%.*$", SCRIPTS[name].read_text(encoding="utf-8"), flags=re.MULTILINE)
    axes: set[str] = set()  # of the cells before
    for cell in cells:
        used = {n for n in axes if re.search(rf"\b{n}[.\[]|ax={n}\b", cell)}
        assert not used or "plt.subplots" in cell or "plt.figure" in cell
        axes |= {
            n for line in re.findall(r"^(.*)= plt\.subplots", cell, re.MULTILINE) for n in re.findall(r"\w+", line)
        }


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_page_is_short_and_asserts_its_fact(name):
    text = SCRIPTS[name].read_text(encoding="utf-8")
    assert 30 <= len(text.splitlines()) <= 120
    tree = ast.parse(text)
    title, underline, *_ = (ast.get_docstring(tree) or "\n").splitlines()
    assert title and underline == "=" * len(title)
    assert any(isinstance(node, ast.Assert) for node in ast.walk(tree))
    assert "\n# %%\n" in text


def in_order(names):
    return [pytest.param(name, marks=[] if name in FAST else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", in_order(SCRIPTS))
def test_a_page_runs_alone(name, tmp_path):
    pytest.importorskip("matplotlib.font_manager")  # builds its cache, and says so, when it is first imported
    pytest.importorskip("sklearn")
    folder, temporary = tmp_path / "page", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    package = str(pathlib.Path(netlet.__file__).parents[1])
    environment = os.environ | {
        "MPLBACKEND": "Agg",
        "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")])),
        "TMPDIR": str(temporary),
    }
    environment.pop("DISPLAY", None)  # with one, plt.show() warns that Agg shows nothing
    result = subprocess.run(
        [sys.executable, "-c", CHILD, str(SCRIPTS[name])],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""  # warnings too
    assert not list(folder.iterdir()) and not list(temporary.iterdir())
