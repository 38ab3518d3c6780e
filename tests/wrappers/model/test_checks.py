"""All of scikit-learn's checks of estimators, without exceptions, for the three wrappers."""

from __future__ import annotations

from typing import Any

import pytest

from netlet.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer
from support.estimators import checks, wrapped


@checks(wrapped(SKLearnClassifier), wrapped(SKLearnRegressor), wrapped(SKLearnTransformer))
@pytest.mark.filterwarnings("ignore")
def test_checks_of_scikit_learn(estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # or check_array_api_input would skip itself
    check(estimator)
