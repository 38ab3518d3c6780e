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
        model, warm_start, model_kwargs, fit_kwargs, random_state: see `SKLearnClassifier`. The model is trained on y as
            it is, or without y on X: an autoencoder.

    Attributes:
        model_: the trained model.
        history_: the History that its `fit` returned.
        n_features_in_, feature_names_in_: of X.

    Source: Keras 3 `keras.wrappers.SKLearnTransformer`. Fitting without y is netlet's.

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
            y: (rows,) or (rows, outputs) targets; None (default): X.
            sample_weight: (rows,) weights; see `SKLearnClassifier.fit`.
            **kwargs: arguments of the model's `fit`.

        Returns:
            The estimator.

        Raises:
            ValueError: X, y or the weights are not as described.
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
