"""SKLearnRegressor."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin

from .estimator import ModelEstimator


class SKLearnRegressor(RegressorMixin, ModelEstimator):
    """A model that predicts numbers, as a regressor of scikit-learn.

    Args:
        model, warm_start, model_kwargs, fit_kwargs, random_state: see `SKLearnClassifier`. The function or model
            receives y of shape (rows, outputs), with one output for a y of shape (rows,).

    Attributes:
        model_: the trained model.
        history_: the History that its `fit` returned.
        n_features_in_, feature_names_in_: of X.

    Source: Keras 3 `keras.wrappers.SKLearnRegressor`.

    Example:

    >>> import numpy as np
    >>> import netlet
    >>> def line(X, y):
    ...     model = netlet.Sequential([netlet.layers.Dense(y.shape[1])])
    ...     model.compile(netlet.optimizers.SGD(0.1), "mse")
    ...     return model
    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> regressor = SKLearnRegressor(line, fit_kwargs={"epochs": 200, "verbose": 0}, random_state=0)
    >>> regressor.fit(X, 3 * X[:, 0] + 1).predict([[0.5]]).round(1)
    array([2.5], dtype=float32)
    """

    _checks: ClassVar[dict[str, Any]] = {"multi_output": True, "y_numeric": True}

    def predict(self, X: Any) -> np.ndarray:
        """The predictions.

        Args:
            X: (rows, features, ...) array or frame.

        Returns:
            (rows,) or (rows, outputs), as y was in `fit`.

        Raises:
            NotFittedError: `fit` was not called.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one_column and outputs.ndim == 2 and outputs.shape[1] == 1 else outputs

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        self._one_column = y.ndim == 1
        return y[:, None] if y.ndim == 1 else y

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
