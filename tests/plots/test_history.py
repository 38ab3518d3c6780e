"""plots.history: what it draws."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import netlet
from netlet import plots


def titles(figure):
    return [ax.get_title(loc="left") for ax in figure.axes]


def test_a_value_and_its_validation_value():
    figure = plots.history({"loss": [3.0, 2.0], "val_loss": [4.0, 1.0], "accuracy": [0.1, 0.2]})
    assert titles(figure) == ["Loss", "Accuracy"]
    training, validation = figure.axes[0].get_lines()
    assert training.get_xydata().tolist() == [[1, 3], [2, 2]]
    assert validation.get_xydata().tolist() == [[1, 4], [2, 1]]
    assert [line.get_ydata().tolist() for line in figure.axes[1].get_lines()] == [[0.1, 0.2]]
    assert figure.axes[0].get_xlabel() == "epoch"
    assert figure.axes[1].get_legend() is None


def test_the_metrics_that_are_asked_for():
    log = {"accuracy": [0.1], "loss": [1.0], "val_loss": [2.0], "learning_rate": [0.1]}
    assert titles(plots.history(log)) == ["Loss", "Accuracy", "Learning rate"]
    assert titles(plots.history(log, "accuracy")) == ["Accuracy"]
    assert titles(plots.history(log, ["learning_rate", "loss"])) == ["Learning rate", "Loss"]
    assert titles(plots.history(log, ["val_loss"])) == ["Val loss"]


def test_what_fit_returns():
    model = netlet.Sequential([netlet.Input((2,)), netlet.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 2), "float32")
    history = model.fit(x, x[:, :1], epochs=6, initial_epoch=2, validation_data=(x, x[:, :1]), verbose=0)
    training, validation = plots.history(history).axes[0].get_lines()
    assert training.get_xdata().tolist() == validation.get_xdata().tolist() == [3, 4, 5, 6]
    assert training.get_ydata().tolist() == history.history["loss"]
    assert validation.get_ydata().tolist() == history.history["val_loss"]


def test_validation_every_second_epoch():
    training, validation = plots.history({"loss": [5.0, 4, 3, 2, 1], "val_loss": [4.5, 2.5]}).axes[0].get_lines()
    assert training.get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert validation.get_xdata().tolist() == [2, 4]


@pytest.mark.parametrize(("when", "epochs"), [(3, [3]), ([1, 2, 5], [1, 2, 5])])
def test_validation_in_some_epochs_of_fit(when, epochs):
    model = netlet.Sequential([netlet.Input((2,)), netlet.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 2), "float32")
    found = model.fit(x, x[:, :1], epochs=5, validation_data=(x, x[:, :1]), validation_freq=when, verbose=0)
    training, validation = plots.history(found).axes[0].get_lines()
    assert training.get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert validation.get_xdata().tolist() == epochs
    [alone] = plots.history(found, "val_loss").axes[0].get_lines()
    assert alone.get_xdata().tolist() == epochs


def test_a_history_of_two_trainings():
    model = netlet.Sequential([netlet.Input((2,)), netlet.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, found = np.ones((4, 2), "float32"), netlet.callbacks.History()
    for _ in range(2):
        model.fit(x, x[:, :1], epochs=2, callbacks=[found], verbose=0)
    [line] = plots.history(found).axes[0].get_lines()
    assert line.get_xdata().tolist() == [1, 2, 3, 4]


def test_a_frame_of_pandas():
    pandas = pytest.importorskip("pandas")
    figure = plots.history(pandas.DataFrame({"loss": [2.0, 1.0], "val_loss": [3.0, 2.0]}, index=[7, 8]))
    training, validation = figure.axes[0].get_lines()
    assert training.get_xydata().tolist() == [[1, 2], [2, 1]]
    assert validation.get_xydata().tolist() == [[1, 3], [2, 2]]


def test_without_validation():
    figure = plots.history({"loss": [1.0, 2.0], "val_loss": []})
    assert [len(ax.get_lines()) for ax in figure.axes] == [1]


def test_a_metric_of_several_numbers():
    lines = plots.history({"f1": [[0.1, 0.2], [0.3, 0.4]]}).axes[0].get_lines()
    assert [line.get_ydata().tolist() for line in lines] == [[0.1, 0.3], [0.2, 0.4]]


def test_draws_into_the_given_figure():
    part = plt.figure().subfigures(1, 2)[0]
    assert plots.history({"loss": [1.0]}, figure=part) is part
    assert len(part.axes) == 1


@pytest.mark.parametrize(
    ("history", "metrics", "message"),
    [
        ({"loss": [1.0]}, "auc", r"`metrics` among \['loss'\], received 'auc'"),
        ({"loss": [1.0]}, [], "at least one name"),
        ({"loss": [1.0]}, 5, "names as `metrics`, received 5"),
        ({}, None, "at least one epoch, received an empty one"),
        ([1.0], None, "received list"),
        ({"loss": []}, None, "at least one epoch of `loss`, received none"),
        ({"loss": ["low"]}, None, "expected numbers as `loss`, received list"),
    ],
)
def test_errors(history, metrics, message):
    with pytest.raises(ValueError, match=message):
        plots.history(history, metrics)
