"""Limits of epochs and steps for trying a script; epochs of whole executions."""

import numpy as np
import pytest

import netlet
from netlet import config, layers
from support.child import run_child

X = np.ones((40, 8), np.float32)
Y = np.zeros((40, 8), np.float32)


def make(**arguments):
    model = netlet.Sequential([netlet.Input((8,)), layers.Dense(8, kernel_initializer="identity")])
    model.compile("sgd", "mse", **arguments)
    return model


@pytest.fixture
def limits():
    yield
    config.set_max_epochs(None)
    config.set_max_steps_per_epoch(None)


def test_epochs_and_steps_are_limited_with_a_warning(limits):
    assert config.max_epochs() is None and config.max_steps_per_epoch() is None
    config.set_max_epochs(2)
    config.set_max_steps_per_epoch(3)
    assert config.max_epochs() == 2 and config.max_steps_per_epoch() == 3
    model = make()
    with pytest.warns(UserWarning, match="Limiting epochs to 2"), pytest.warns(UserWarning, match="Limiting steps"):
        history = model.fit(X, Y, batch_size=4, epochs=5, verbose=0)
    assert history.epoch == [0, 1] and int(model.optimizer.iterations) == 6
    model.fit(X, Y, batch_size=20, epochs=1, steps_per_epoch=2, verbose=0)
    assert int(model.optimizer.iterations) == 8
    with pytest.warns(UserWarning, match="Limiting steps"):
        assert len(model.predict(X, batch_size=4, verbose=0)) == 12


def test_the_environment_sets_limits():
    run_child(
        "import netlet; assert netlet.config.max_epochs() == 2 and netlet.config.max_steps_per_epoch() is None",
        NETLET_MAX_EPOCHS="2",
    )


def test_steps_are_rounded_up_to_whole_executions_as_in_keras():
    model = make(steps_per_execution=2)
    with pytest.warns(UserWarning, match="ran out of data"):
        model.fit(X, Y, batch_size=4, steps_per_epoch=5, epochs=2, verbose=0)  # 6 batches, then the last 4 of 10
    assert int(model.optimizer.iterations) == 10


def test_metrics_variables():
    model = make(metrics=["mae"])
    model.fit(X, Y, verbose=0)
    assert len(model.metrics_variables) == 4
