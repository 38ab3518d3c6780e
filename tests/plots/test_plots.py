"""Plots: what they draw, into which axes, and errors. Their appearance is not tested."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

import netlet
from netlet import plots
from netlet.plots import style
from support.child import run_child


def test_confusion_counts_are_scikit_learns():
    from sklearn.metrics import confusion_matrix

    rng = np.random.default_rng(0)
    t, p = rng.integers(0, 7, 500), rng.integers(0, 7, 500)
    assert np.array_equal(plots.confusion_counts(t, p, 9)[:7, :7], confusion_matrix(t, p))
    assert plots.confusion_counts(t, p, 9).sum() == 500


@pytest.mark.parametrize(
    ("t", "p", "classes", "message"),
    [
        ([0, 1], [0], None, "received 1 and 2"),
        ([0, 3], [0, 1], 3, r"expected labels in \[0, 3\)"),
        ([0, -1], [0, 1], 3, "-1"),
    ],
)
def test_confusion_counts_refuses(t, p, classes, message):
    with pytest.raises(ValueError, match=message):
        plots.confusion_counts(t, p, classes)


def test_confusion_counts_of_nothing():
    assert plots.confusion_counts([], [], 2).tolist() == [[0, 0], [0, 0]]


def test_confusion_matrix_writes_every_count_once():
    counts = np.array([[50, 2, 0], [0, 48, 0], [1, 0, 0]])
    ax = plots.confusion_matrix(counts, ["a", "b", "c"])
    assert sorted(t.get_text() for t in ax.texts) == ["1", "2", "48", "50"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c"]


def test_sample_grid_marks_the_wrong_ones():
    figure = plots.sample_grid(np.zeros((3, 8, 8)), [1, 2, 3], [1, 9, 3], rows=2, columns=2)
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["1", "9 (is 2)", "3", ""]
    marked = [to_hex(ax.spines["top"].get_edgecolor()) == style.WRONG for ax in figure.axes]
    assert marked == [False, True, False, False]
    assert not figure.axes[3].get_visible()


@pytest.mark.parametrize("shape", [(4, 8, 8, 1), (4, 8, 8, 3)])
def test_sample_grid_takes_channels(shape):
    assert len(plots.sample_grid(np.zeros(shape), [0] * 4, [0] * 4, rows=1, columns=4).axes) == 4


def test_sample_grid_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"\(3, 64\)"):
        plots.sample_grid(np.zeros((3, 64)), [1, 2, 3], [1, 2, 3])
    with pytest.raises(ValueError, match=r"\(2,\)"):
        plots.sample_grid(np.zeros((3, 8, 8)), [1, 2], [1, 2, 3])


def test_without_matplotlib_the_error_names_the_extra():
    child = run_child(
        """
        import sys
        sys.modules["matplotlib"] = sys.modules["matplotlib.pyplot"] = None
        from netlet import plots
        print(plots.confusion_counts([0, 1], [0, 1]).tolist())  # numbers need no matplotlib
        try:
            plots.history({"loss": [1.0]})
        except ImportError as e:
            print(e)
        """
    )
    assert "[[1, 0], [0, 1]]" in child.stdout
    assert "netlet[plot]" in child.stdout


def test_quantization_draws_the_weights_of_each_quantized_layer():
    model = netlet.Sequential(
        [
            netlet.Input((8, 3)),
            netlet.layers.SeparableConv1D(6, 3, name="conv"),
            netlet.layers.LayerNormalization(),
            netlet.layers.Dense(5, name="out"),
        ]
    )
    counts = [sum(w.size for w in model.get_layer(name).get_weights()[:-1]) for name in ("conv", "out")]
    model.quantize("int4")
    figure = plots.quantization(model)
    report = {row.layer: row for row in model.quantization_report()}
    assert len(figure.axes) == 2
    for ax, name, count in zip(figure.axes, ("conv", "out"), counts, strict=True):
        assert ax.get_title(loc="left") == f"{name}: {report[name].snr_db:.1f} dB"
        before, after = ax.patches
        assert before.get_data().values.sum() == after.get_data().values.sum() == count
        assert not np.array_equal(before.get_data().values, after.get_data().values)
    part = plt.figure().subfigures(1, 2)[0]
    assert plots.quantization(model, part) is part


def test_quantization_refuses_a_float_model():
    model = netlet.Sequential([netlet.Input((3,)), netlet.layers.Dense(2)])
    with pytest.raises(ValueError, match="expected a model after `quantize`"):
        plots.quantization(model)
