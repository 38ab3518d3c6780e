"""plots.attention, decision_boundary, cost_surface and activation."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.contour import ContourSet

import netlet
from netlet import layers, plots

RNG = np.random.default_rng(0)


# ---- attention ----------------------------------------------------------------------------------------------------
def test_attention_of_several_heads():
    scores = RNG.dirichlet(np.ones(4), (3, 5))
    figure = plots.attention(scores, ["a", "b", "c", "d", "e"], ["v", "w", "x", "y"])
    assert len(figure.axes) == 4  # and the scale
    for ax, head in zip(figure.axes, scores):
        np.testing.assert_array_equal(ax.images[0].get_array(), head)
        assert ax.images[0].get_clim() == (0, scores.max())
        assert [t.get_text() for t in ax.get_xticklabels()] == ["v", "w", "x", "y"]
        assert ax.get_xticklabels()[0].get_rotation() == 0  # single letters stand upright
        assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c", "d", "e"]
    assert [ax.get_title(loc="left") for ax in figure.axes[:3]] == ["head 1", "head 2", "head 3"]


def test_attention_of_one_head():
    part = plt.figure().subfigures(1, 2)[0]
    assert plots.attention(np.eye(60), [f"w{i}" for i in range(60)], figure=part) is part
    ax = part.axes[0]
    assert [t.get_text() for t in ax.get_xticklabels()] == [f"w{i}" for i in range(0, 60, 2)]
    assert ax.get_xticklabels()[0].get_rotation() == 90  # words do not overlap
    assert ax.get_title(loc="left") == "Attention"


def test_labels_of_attention_are_texts_not_formulas():
    figure = plots.attention(np.eye(2), ["$$", "$\\no$"])
    figure.canvas.draw()
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["$$", "$\\no$"]


@pytest.mark.parametrize(
    ("scores", "queries", "message"),
    [
        (np.zeros((2, 3, 4, 4)), None, r"received shape \(2, 3, 4, 4\)"),
        (np.zeros(3), None, r"received shape \(3,\)"),
        (-np.eye(3), None, "finite and not negative"),
        ([[1, 0], [1]], None, "expected numbers as `scores`, received list"),
        (np.eye(3), ["a", "b"], "expected 3 labels as `queries`, received 2"),
    ],
)
def test_errors_of_attention(scores, queries, message):
    with pytest.raises(ValueError, match=message):
        plots.attention(scores, queries)


# ---- decision boundary --------------------------------------------------------------------------------------------
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)


def regions(ax):
    """The drawn classes, from the lowest row up."""
    return ax.collections[0].get_array().reshape(20, 20)


@pytest.mark.parametrize(
    "predict",
    [
        lambda p: p[:, 0] > 0.5,
        lambda p: (p[:, 0] > 0.5).astype(int),
        lambda p: 1 / (1 + np.exp(1 - 2 * p[:, :1])),  # probabilities
        lambda p: 100 * (p[:, 0] - 0.5),  # logits
        lambda p: np.stack([0.5 + 0 * p[:, 0], p[:, 0]], 1),  # one score a class
    ],
)
def test_each_form_of_prediction(predict):
    ax = plots.decision_boundary(predict, X, [0, 0, 1, 1], resolution=20)
    np.testing.assert_array_equal(regions(ax), np.tile(np.repeat([0, 1], 10), (20, 1)))
    assert ax.get_xlim()[0] < 0 and ax.get_xlim()[1] > 1
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["0", "1"]
    points = [c for c in ax.collections if c.get_label() in ("0", "1")]
    assert [c.get_offsets().tolist() for c in points] == [X[:2].tolist(), X[2:].tolist()]


def test_models_and_estimators():
    from sklearn.neighbors import KNeighborsClassifier

    names = np.array(["cat", "cat", "dog", "emu"])
    ax = plots.decision_boundary(KNeighborsClassifier(1).fit(X, names), X, names, resolution=20)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["cat", "dog", "emu"]
    assert regions(ax)[0, 0] == 0 and regions(ax)[-1, -1] == 2 and regions(ax)[0, -1] == 1
    dense = layers.Dense(1, activation="sigmoid")
    model = netlet.Sequential([netlet.Input((2,)), dense])
    dense.set_weights([np.array([[4.0], [0.0]]), np.array([-2.0])])
    _, given = plt.subplots()
    assert plots.decision_boundary(model, X, np.eye(2)[[0, 0, 1, 1]], ax=given, resolution=20) is given
    np.testing.assert_array_equal(regions(given), np.tile(np.repeat([0, 1], 10), (20, 1)))


def test_one_predicted_class():
    ax = plots.decision_boundary(lambda p: np.zeros(len(p), int), X, [0, 1, 1, 0], resolution=20)
    assert not regions(ax).any()


def test_float_labels_are_labels_and_no_scores():
    ax = plots.decision_boundary(lambda p: np.where(p[:, 0] > 0.5, 2.0, 1.0), X, [1.0, 1.0, 2.0, 2.0], resolution=20)
    np.testing.assert_array_equal(regions(ax), np.tile(np.repeat([0, 1], 10), (20, 1)))


@pytest.mark.parametrize(
    "predict", [lambda p: p[:, 0] > 0.5, lambda p: np.clip(p[:, 0], 0, 1), lambda p: p[:, 0] - 0.5]
)
def test_samples_of_one_class_and_predictions_of_two(predict):
    ax = plots.decision_boundary(predict, X, [1, 1, 1, 1], resolution=20)
    np.testing.assert_array_equal(regions(ax), np.tile(np.repeat([0, 1], 10), (20, 1)))


@pytest.mark.parametrize(
    ("predict", "x", "y", "message"),
    [
        (len, np.zeros((4, 3)), [0] * 4, r"`x` of shape \(n, 2\), received \(4, 3\)"),
        (len, X, [0, 1], r"expected 4 labels as `y`.*received shape \(2,\)"),
        (len, ["a", "b"], [0, 1], "expected numbers as `x`, received list"),
        (len, X * np.nan, [0] * 4, "`x` that is finite"),
        (lambda p: p * np.nan, X, [0, 1, 0, 1], "received NaN"),
        (3, X, [0, 1, 0, 1], "`predict` to be a model or a function, received int"),
        (lambda p: p[:5, 0], X, [0, 1, 0, 1], r"\(400,\) or \(400, classes\).*received \(5,\)"),
    ],
)
def test_errors_of_decision_boundary(predict, x, y, message):
    with pytest.raises(ValueError, match=message):
        plots.decision_boundary(predict, x, y, resolution=20)


# ---- cost surface -------------------------------------------------------------------------------------------------
def contours(ax):
    return [c for c in ax.get_children() if isinstance(c, ContourSet)]


def test_vectorised_or_not():
    calls = []

    def slow(a, b):
        calls.append(type(a))
        return float(a) ** 2 + b * b  # float(array) raises

    def quick(a, b):
        return a**2 + b**2

    for cost in (slow, quick):
        ax = plots.cost_surface(cost, (-1, 2), (-3, 4), levels=7)
        assert ax.get_xlim() == (-1, 2) and ax.get_ylim() == (-3, 4)
        area = contours(ax)[0]
        assert len(area.levels) == 7
        assert area.levels[0] == pytest.approx(0, abs=0.01) and area.levels[-1] == 20
    assert calls.count(float) == 61 * 59


def test_the_path_and_levels():
    path = [[1.0, 1.0], [0.5, 0.2], [0.1, 0.0]]
    _, given = plt.subplots()
    ax = plots.cost_surface(lambda a, b: a**2 + b**2, (-1, 1), (-1, 1), path=path, ax=given, levels=[0, 0.5, 1])
    assert ax is given
    line, start, end = ax.get_lines()
    assert line.get_xydata().tolist() == path
    assert start.get_xydata().tolist() == path[:1] and end.get_xydata().tolist() == path[-1:]
    assert contours(ax)[0].levels.tolist() == [0, 0.5, 1]


def test_costs_that_are_not_finite_or_flat():
    plots.cost_surface(lambda a, b: np.where(a > 0, np.inf, b), (-1, 1), (0, 1)).figure.canvas.draw()
    plots.cost_surface(lambda a, b: 0 * a + 3, (-1, 1), (0, 1)).figure.canvas.draw()
    assert len(contours(plots.cost_surface(lambda a, b: a + b, (0, 1), (0, 1), levels=300))[0].levels) == 300
    with pytest.raises(ValueError, match="finite somewhere"):
        plots.cost_surface(lambda a, b: a * np.nan, (-1, 1), (0, 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x_range": (1, 1)}, r"`x_range` as \(smallest, largest\), received \(1, 1\)"),
        ({"y_range": (0, 1, 2)}, "`y_range`"),
        ({"x_range": "wide"}, "expected numbers as `x_range`, received str"),
        ({"path": [1, 2, 3]}, r"`path` of shape \(steps, 2\), received \(3,\)"),
        ({"levels": 1}, "at least 2 as `levels`, received 1"),
        ({"levels": [2, 1]}, r"increasing values, received \[2, 1\]"),
        ({"levels": [1.0]}, r"at least two increasing values, received \[1.0\]"),
    ],
)
def test_errors_of_cost_surface(arguments, message):
    with pytest.raises(ValueError, match=message):
        plots.cost_surface(**{"cost": lambda a, b: a + b, "x_range": (0, 1), "y_range": (0, 1), **arguments})


def test_an_error_of_the_cost_itself_is_raised():
    with pytest.raises(ValueError, match="my own"):
        plots.cost_surface(lambda a, b: (_ for _ in ()).throw(ValueError("my own")), (0, 1), (0, 1))


# ---- activation ---------------------------------------------------------------------------------------------------
def test_functions_and_their_derivatives():
    ax = plots.activation(
        "tanh", netlet.activations.relu, layers.LeakyReLU(negative_slope=0.1, name="leaky"), x=(-2, 3)
    )
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert labels == ["tanh", "relu", "leaky", "derivative"]
    lines = ax.get_lines()[2:-1]  # after the axes through 0
    x = lines[0].get_xdata()
    assert x[0] == -2 and x[-1] == 3
    expected = [
        np.tanh(x), 1 - np.tanh(x) ** 2, np.maximum(x, 0), x > 0, np.where(x > 0, x, 0.1 * x), np.where(x > 0, 1, 0.1),
    ]  # fmt: skip
    for line, values in zip(lines, expected):
        where = np.abs(x) > 1e-6
        np.testing.assert_allclose(line.get_ydata()[where], values[where], rtol=1e-4, atol=1e-5)
    assert [line.get_linestyle() for line in lines] == ["-", "--"] * 3


def test_functions_alone():
    ax = plots.activation(np.sin, derivative=False)
    assert len(ax.get_lines()) == 3 and ax.get_title(loc="left") == "sin"


@pytest.mark.parametrize(
    ("functions", "options", "message"),
    [
        ((), {}, "at least one function"),
        (("nothing",), {}, "nothing"),
        (("relu",), {"x": None}, r"`x` as \(smallest, largest\), received None"),
        (("relu",), {"x": (1, 1)}, r"`x` as \(smallest, largest\)"),
        ((lambda v: netlet.ops.sum(v),), {}, "one output for each input"),
        ((lambda v: netlet.ops.sign(v),), {}, "received a step or a constant"),
        ((lambda v: np.sin(np.asarray(v)),), {}, "derivative=False plots it without"),
    ],
)
def test_errors_of_activation(functions, options, message):
    with pytest.raises(ValueError, match=message):
        plots.activation(*functions, **options)
