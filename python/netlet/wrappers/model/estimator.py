"""What the three wrappers share: the model is made, trained on checked data, and predicts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from netlet.models.cloning import clone_model
from netlet.random.seeds import seeded
from netlet.training.trainer import Trainer

from ..weighting import checked_weight


class ModelEstimator(BaseEstimator):
    """Base of the wrappers. A subclass says how targets become what the model is trained on (`_encoded`).

    Args:
        model: a compiled model, which is cloned before it is trained, or a function (X, y, **model_kwargs) that
            returns one. The function receives the checked X and y, so it can read the numbers of features and outputs.
        warm_start: whether `fit` goes on with the weights before: a model is trained itself and not cloned, and a
            function is called in the first fit only.
        model_kwargs: dict of further arguments of the function.
        fit_kwargs: dict of arguments of the model's `fit`. Those given to the estimator's `fit` take precedence.
        random_state: None (default): weights and orders come from netlet's global seed, as in Keras. An integer or
            RandomState makes the estimator reproducible by itself.
    """

    _checks: ClassVar[dict[str, Any]]  # of y, for scikit-learn's validate_data

    def __init__(
        self,
        model: Trainer | Callable[..., Trainer],
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs
        self.random_state = random_state

    @property
    def epoch_(self) -> int:
        """Number of epochs of the last fit."""
        history = getattr(self, "history_", None)
        return len(history.epoch) if history else 0

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Makes and trains the model.

        Args:
            X: (rows, features, ...) array or frame.
            y: (rows,) or (rows, outputs) targets.
            sample_weight: (rows,) weights of at least 0; None (the default): all 1. Rows of weight 0 are left out, the
                others are divided by their mean: a weight of 2 means as much as the same row twice in its batch.
            **kwargs: arguments of the model's `fit`.

        Returns:
            The estimator.

        Raises:
            ValueError: X, y or the weights are not as described.
            TypeError: `model` is neither a model nor a function.
            RuntimeError: the model is not compiled with a loss and an optimizer.
        """
        X, y = validate_data(self, X, y, allow_nd=True, **self._checks)
        return self._fit(X, self._encoded(y), checked_weight(self, sample_weight, X), kwargs)

    def _fit(self, X: Any, target: np.ndarray, weight: np.ndarray | None, kwargs: dict[str, Any]) -> Any:
        if weight is not None:
            kept = weight > 0
            X, target = X[kept], target[kept]
            kwargs["sample_weight"] = weight[kept] / weight[kept].mean()
        state = self.random_state
        draws = contextlib.nullcontext() if state is None else seeded(int(check_random_state(state).randint(2**31)))
        with draws:
            model = self._make_model(X, target)
            self.history_ = model.fit(X, target, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def _make_model(self, X: np.ndarray, target: np.ndarray) -> Any:
        if not callable(self.model):
            raise TypeError(
                f"Argument `model` of {type(self).__name__}: expected a compiled model or a function that returns one, "
                f"received {self.model!r}."
            )
        if isinstance(self.model, Trainer):
            model: Any = self.model if self.warm_start else clone_model(self.model)
        elif self.warm_start and hasattr(self, "model_"):
            model = self.model_
        else:
            model = self.model(X=X, y=target, **(self.model_kwargs or {}))
        if not getattr(model, "compiled", False) or not model.loss or not model.optimizer:
            raise RuntimeError(
                f"Argument `model` of {type(self).__name__}: expected a model that is compiled with a loss and an "
                f"optimizer, received {model!r}."
            )
        return model

    def _outputs(self, X: Any) -> np.ndarray:
        """(rows, ...) what the trained model predicts."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)
        return np.asarray(self.model_.predict(X, verbose=0))

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        """Targets as the model is trained on them."""
        raise NotImplementedError
