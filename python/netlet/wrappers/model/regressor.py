"""SKLearnRegressor."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin

from .estimator import ModelEstimator


class SKLearnRegressor(RegressorMixin, ModelEstimator):
    """A model that predicts numbers, as a regressor of scikit-learn.

    Args:
        model: a compiled model, which is cloned before it is trained, or a function (X, y, **model_kwargs) that returns
            one. The function receives the checked X, and y of shape (rows, outputs), with one output for a y of shape
            (rows,).
        warm_start: whether `fit` goes on with the weights before: a model is trained itself and not cloned, and a
            function is called in the first fit only. False by default.
        model_kwargs: dict of further arguments of the function; default None.
        fit_kwargs: dict of arguments of the model's `fit`; default None. Those given to this `fit` take precedence.
        random_state: None (default): weights and orders come from netlet's global seed, as in Keras. An integer or
            RandomState makes the estimator reproducible by itself.

    Attributes:
        model_: the trained model.
        history_: the History that its `fit` returned.
        n_features_in_, feature_names_in_: of X.

    Raises:
        ValueError: (by `fit`) X, y or the weights are not as described.
        TypeError: (by `fit`) `model` is neither a model nor a function.
        RuntimeError: (by `fit`) the model is not compiled with a loss and an optimizer.

    Source: Keras 3, `keras.wrappers.SKLearnRegressor`.

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
