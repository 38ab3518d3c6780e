"""SKLearnClassifier."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from netlet import losses, ops

from .estimator import ModelEstimator


class SKLearnClassifier(ClassifierMixin, ModelEstimator):
    """A model with one output for each class, as a classifier of scikit-learn.

    The model is trained on one-hot rows: its loss is usually "categorical_crossentropy", its last activation "softmax".

    Args:
        model: a compiled model, which is cloned before it is trained, or a function (X, y, **model_kwargs) that
            returns one. The function receives the checked X and the one-hot y, so it can read the numbers of features
            and classes.
        warm_start: whether `fit` goes on with the weights before: a model is trained itself and not cloned, and a
            function is called in the first fit only. False by default.
        model_kwargs: dict of further arguments of the function; default None.
        fit_kwargs: dict of arguments of the model's `fit`; default None. Those given to this `fit` take precedence.
        random_state: None (default): weights and orders come from netlet's global seed, as in Keras. An integer or
            RandomState makes the estimator reproducible by itself.

    Attributes:
        model_: the trained model.
        history_: the History that its `fit` returned.
        classes_: (classes,) the labels, sorted.
        n_features_in_, feature_names_in_: of X.

    Raises:
        ValueError: (by `fit`) X, y or the weights are not as described; y has one class only.
        TypeError: (by `fit`) `model` is neither a model nor a function.
        RuntimeError: (by `fit`) the model is not compiled with a loss and an optimizer.

    Source: Keras 3, `keras.wrappers.SKLearnClassifier`. `random_state`, `predict_proba` and `sample_weight` are
    netlet's; the decision function of two classes is flat, as scikit-learn wants it.

    Example:

    >>> import numpy as np
    >>> import netlet
    >>> def network(X, y, units=8):
    ...     model = netlet.Sequential([
    ...         netlet.layers.Dense(units, activation="relu"),
    ...         netlet.layers.Dense(y.shape[1], activation="softmax"),
    ...     ])
    ...     model.compile("adam", "categorical_crossentropy")
    ...     return model
    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> y = np.where(X[:, 0] > 0, "right", "left")
    >>> classifier = SKLearnClassifier(network, fit_kwargs={"epochs": 100, "verbose": 0}, random_state=0)
    >>> classifier.fit(X, y).predict([[-0.5], [0.5]])
    array(['left', 'right'], dtype='<U5')
    """

    _checks: ClassVar[dict[str, Any]] = {}

    def predict(self, X: Any) -> np.ndarray:
        """The classes.

        Args:
            X: (rows, features, ...) array or frame.

        Returns:
            (rows,) labels.

        Raises:
            NotFittedError: `fit` was not called.
        """
        chosen = self._outputs(X).argmax(axis=1)
        return np.asarray(self.classes_[chosen])

    def decision_function(self, X: Any) -> np.ndarray:
        """The model's outputs; for two classes, the second less the first.

        Args:
            X: (rows, features, ...) array or frame.

        Returns:
            (rows, classes), or (rows,) for two classes: above 0 for the second.

        Raises:
            NotFittedError: `fit` was not called.
        """
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if outputs.shape[1] == 2 else outputs

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probabilities of the classes, as the model's loss reads its outputs.

        Args:
            X: (rows, features, ...) array or frame.

        Returns:
            (rows, classes): the softmax of the outputs if the loss has `from_logits=True`, else the outputs divided by
            their sum.

        Raises:
            NotFittedError: `fit` was not called.
            ValueError: an output that is no logit is negative.
        """
        outputs = self._outputs(X)
        loss: Any = losses.get(self.model_.loss)
        if isinstance(loss, losses.Loss) and loss.get_config().get("from_logits"):
            return np.asarray(ops.softmax(outputs))
        if (outputs < 0).any():
            raise ValueError(
                f"{type(self).__name__}.predict_proba: expected outputs of at least 0 (a last activation 'softmax' or "
                f"'sigmoid', or a loss with from_logits=True), received {outputs.min()}."
            )
        return np.asarray(outputs / outputs.sum(axis=1, keepdims=True))

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) == 1:
            raise ValueError("Classifier can't train when only one class is present.")
        return np.eye(len(self.classes_))[numbers]
