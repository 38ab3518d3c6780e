"""Helpers for tests of scikit-learn estimators."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

import netlet
from netlet.wrappers import SKLearnClassifier


def checks(*estimators: Any) -> Callable[[Any], Any]:
    """Parametrizes a test by `estimator, check`: all checks that scikit-learn has for the estimators."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [pair for estimator in estimators for pair in estimator_checks_generator(estimator)]
    return pytest.mark.parametrize(("estimator", "check"), found, ids=[_name(e, c) for e, c in found])


def _name(estimator: Any, check: Any) -> str:
    function = getattr(check, "func", check)
    given = ",".join(f"{k}={v}" for k, v in getattr(check, "keywords", {}).items())
    return f"{type(estimator).__name__}-{function.__name__.removeprefix('check_')}{given and f'({given})'}"


def network(X: Any, y: Any, hidden: tuple[int, ...] = (16,), last: str = "softmax", rate: float = 0.01) -> Any:
    """A model for the wrappers: as many outputs as y has columns. In float64, whose rounding the checks do not see."""
    model = netlet.Sequential([netlet.Input(X.shape[1:], dtype="float64")])
    for units in hidden:
        model.add(netlet.layers.Dense(units, activation="relu", dtype="float64"))
    outputs = y.shape[1] if y.ndim > 1 else 1
    model.add(netlet.layers.Dense(outputs, activation=last, dtype="float64"))
    loss = "categorical_crossentropy" if last == "softmax" else "mse"
    model.compile(netlet.optimizers.Adam(rate), loss)
    return model


def wrapped(kind: type, **arguments: Any) -> Any:
    """A wrapper around `network` that trains long enough for the checks of scores."""
    last = "softmax" if kind is SKLearnClassifier else "linear"
    fit_kwargs = {"epochs": 60, "batch_size": 64, "verbose": 0}
    arguments = {"model_kwargs": {"last": last}, "fit_kwargs": fit_kwargs, "random_state": 0, **arguments}
    return kind(network, **arguments)
