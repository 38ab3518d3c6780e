"""Helpers for tests of scikit-learn estimators."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator


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
