"""SKLearnTransformer."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import validate_data

from ..weighting import checked_weight
from .estimator import ModelEstimator


class SKLearnTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ModelEstimator):
    """A model whose outputs are features for the next step of a pipeline, as a transformer of scikit-learn.

    Args:
        model: a compiled model, which is cloned before it is trained, or a function (X, y, **model_kwargs) that returns
            one. It is trained on y as it is, or without y on X: an autoencoder.
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

    Source: Keras 3, `keras.wrappers.SKLearnTransformer`. Fitting without y is netlet's.

    Example:

    >>> import numpy as np
    >>> import netlet
    >>> def autoencoder(X, y):
    ...     model = netlet.Sequential([netlet.layers.Dense(2), netlet.layers.Dense(X.shape[1])])
    ...     model.compile("adam", "mse")
    ...     return model
    >>> transformer = SKLearnTransformer(autoencoder, fit_kwargs={"verbose": 0}, random_state=0)
    >>> transformer.fit_transform(np.eye(3)).shape
    (3, 3)
    >>> transformer.get_feature_names_out()
    array(['sklearntransformer0', 'sklearntransformer1', 'sklearntransformer2'], dtype=object)
    """

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Makes and trains the model.

        Args:
            X: (rows, features, ...) array or frame.
            y: (rows,) or (rows, outputs) targets; None (the default): X.
            sample_weight: (rows,) weights of at least 0; None (the default): all 1. Rows of weight 0 are left out, the
                others are divided by their mean.
            **kwargs: arguments of the model's `fit`.

        Returns:
            The estimator.

        Raises:
            ValueError: X, y or the weights are not as described.
            TypeError: `model` is neither a model nor a function.
            RuntimeError: the model is not compiled with a loss and an optimizer.
        """
        if y is None:
            X = target = validate_data(self, X, allow_nd=True)
        else:
            X, target = validate_data(self, X, y, allow_nd=True, multi_output=True, y_numeric=True)
        return self._fit(X, target, checked_weight(self, sample_weight, X), kwargs)

    def transform(self, X: Any) -> np.ndarray:
        """The outputs of the model.

        Args:
            X: (rows, features, ...) array or frame.

        Returns:
            (rows, outputs); a frame after `set_output(transform="pandas")`.

        Raises:
            NotFittedError: `fit` was not called.
        """
        return self._outputs(X)

    @property
    def _n_features_out(self) -> int:
        return int(self.model_.output_shape[-1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
