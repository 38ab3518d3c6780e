"""plots.plan: the bars are the records of a step."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

import netlet
from netlet import layers, plots
from netlet.utils.svg import PHASES

X = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
Y = np.arange(32) % 3


@pytest.fixture(scope="module")
def trained():
    model = netlet.Sequential(
        [netlet.Input((6,)), layers.Dense(8, "relu", name="hidden"), layers.Dense(3, "softmax", name="out")], name="net"
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, batch_size=8, verbose=0)
    return model


def bars(ax):
    return [bar for container in ax.containers for bar in container]


def test_a_training_step(trained):
    weights = trained.get_weights()
    ax = plots.plan(trained)
    records = trained.training_plan().records()
    drawn = bars(ax)
    assert len(drawn) == len(records)
    assert [to_hex(bar.get_facecolor()) for bar in drawn] == [PHASES[r["phase"]] for r in records]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[0] == "feed" and any(name.startswith("hidden  gemm") for name in names)
    for before, after in itertools.pairwise(drawn):  # one after the other
        assert before.get_x() + before.get_width() == pytest.approx(after.get_x())
    assert all(bar.get_width() >= 0 for bar in drawn)
    phases = [text.get_text().split(",")[0] for text in ax.get_legend().get_texts()]
    assert phases == ["forward", "backward", "update"]
    assert ax.get_title(loc="left") == "train step of 'net', batch of 8"
    for a, b in zip(weights, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_longest_records_of_a_prediction(trained):
    _, given = plt.subplots()
    ax = plots.plan(trained.plan(X, batch_size=16), ax=given, limit=2)
    assert ax is given and len(bars(ax)) == 2
    assert "2 longest of" in ax.get_xlabel()
    assert [text.get_text().split(",")[0] for text in ax.get_legend().get_texts()] == ["forward"]


def test_errors(trained):
    for call, message in [
        (lambda: plots.plan(3), "`plan_or_model` to be a model or what `model.plan` returned, received int"),
        (lambda: plots.plan(trained, limit=0), "at least 1 as `limit`, received 0"),
        (lambda: plots.plan(netlet.Sequential([layers.Dense(1)])), "expected a recorded training step"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
