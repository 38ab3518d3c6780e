"""MLPClassifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from .perceptron import Perceptron, _trains_by_steps


class MLPClassifier(ClassifierMixin, Perceptron):
    """A multilayer perceptron that classifies, with the arguments, results and attributes of scikit-learn's.

    It minimizes the cross-entropy plus alpha / 2 * sum(coefs**2) / n, where n is the number of rows of a batch, or the
    sum of their weights. With the same `random_state` it draws the same weights and shuffles as scikit-learn does, so
    both train alike up to rounding. It computes in float32 if X is float32 (faster), else in float64.

    Args:
        hidden_layer_sizes: sizes of the hidden layers; default (100,).
        activation: of the hidden layers: "identity", "logistic", "tanh" or "relu" (default).
        solver: "adam" (default), "sgd", or "lbfgs", which suits small data.
        alpha: factor of the L2 penalty; default 1e-4.
        batch_size: rows of a step of "sgd" and "adam"; "auto" (default): 200, or all rows if there are fewer.
        learning_rate: schedule of "sgd": "constant" (default); "invscaling": the initial rate divided by the number of
            rows seen to the power of `power_t`; "adaptive": divided by 5 instead of stopping.
        learning_rate_init: the initial rate; default 0.001.
        power_t: exponent of "invscaling"; default 0.5.
        max_iter: most epochs, or iterations of "lbfgs"; default 200.
        shuffle: whether each epoch takes the rows in a new order; default True.
        random_state: None (default), an integer or a RandomState: for the weights, the order of the rows, and the rows
            that early stopping sets aside.
        tol: least improvement that counts, of the loss or the validation score; default 1e-4.
        verbose: whether to print the loss of each epoch; False by default.
        warm_start: whether `fit` begins with the weights of the fit before; False by default.
        momentum: of "sgd", in [0, 1]; default 0.9.
        nesterovs_momentum: whether it is Nesterov's; default True.
        early_stopping: whether to set rows aside, stop when their score stops improving, and take the best weights;
            False by default.
        validation_fraction: fraction of the rows that are set aside; default 0.1.
        beta_1, beta_2, epsilon: of "adam"; default 0.9, 0.999, 1e-8.
        n_iter_no_change: epochs without improvement after which training stops; default 10; inf for never.
        max_fun: most evaluations of the loss by "lbfgs"; default 15000.

    Attributes:
        classes_: (classes,) the labels, sorted.
        coefs_, intercepts_: lists of the weights of each layer.
        loss_: the loss of the last epoch.
        loss_curve_: the loss of each epoch of "sgd" and "adam".
        best_loss_: the least of them; None with early stopping.
        validation_scores_, best_validation_score_: the accuracies of early stopping; None without it.
        t_: training rows seen.
        n_iter_: epochs or iterations made.
        n_layers_, n_outputs_: number of layers with the input's, and of outputs.
        out_activation_: "softmax", or "logistic" for two classes and for labels that are not exclusive.
        n_features_in_, feature_names_in_: of X.

    Raises:
        ValueError: (by `fit`) an argument is not as described.

    Source: `sklearn.neural_network.MLPClassifier`.

    Example:

    >>> import numpy as np
    >>> X = np.repeat([[0.0, 0], [0, 1], [1, 0], [1, 1]], 10, axis=0)
    >>> y = np.repeat(["no", "yes", "yes", "no"], 10)
    >>> MLPClassifier(solver="lbfgs", random_state=1).fit(X, y).predict([[0, 1], [1, 1]])
    array(['yes', 'no'], dtype='<U3')
    """

    # ---- targets ---------------------------------------------------------------------------------------------------
    def _encoded(self, y: Any, incremental: bool) -> np.ndarray:
        """Class numbers (rows,) for softmax, else bool (rows, outputs)."""
        y = y.toarray() if hasattr(y, "toarray") else y
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise ValueError(
                "MLPClassifier: expected y of one column of classes, or of 0 and 1, received several columns"
            )
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self.classes_ = unique_labels(y)
            self._multilabel = kind.startswith("multilabel")
        else:
            self._check_classes(y, incremental)
        if self._multilabel:
            return np.asarray(y) > 0
        numbers = np.searchsorted(self.classes_, y).astype(np.int64)
        return numbers if len(self.classes_) > 2 else numbers[:, None] > 0

    def _check_classes(self, y: np.ndarray, incremental: bool) -> None:
        """Raises ValueError for classes that the fit before did not have."""
        found = unique_labels(y)
        if self.warm_start:
            if set(found) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {found}"
                )
        elif len(np.setdiff1d(found, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {found}."
            )

    def _output(self) -> tuple[int, str]:
        if self._multilabel:
            return len(self.classes_), "logistic"
        return (1, "logistic") if len(self.classes_) <= 2 else (len(self.classes_), "softmax")

    def _strata(self, target: np.ndarray) -> np.ndarray | None:
        return target if self._output()[0] == 1 else None

    def _original(self, target: np.ndarray) -> np.ndarray:
        return target if self._multilabel else self.classes_[target.ravel().astype(np.int64)]

    def _decoded(self, outputs: np.ndarray) -> np.ndarray:
        if self._multilabel:
            return (outputs > 0.5).astype(np.int64)
        if len(self.classes_) > 2:
            return np.asarray(self.classes_[outputs.argmax(axis=1)])
        chosen = (outputs[:, 0] > 0.5).astype(np.int64)
        return np.asarray(self.classes_[np.minimum(chosen, len(self.classes_) - 1)])

    def _scored(self, y: np.ndarray, predictions: np.ndarray, weight: np.ndarray | None) -> float:
        """The accuracy."""
        right = (y == predictions).reshape(len(y), -1).all(axis=1)
        return float(np.average(right, weights=weight))

    # ---- public ----------------------------------------------------------------------------------------------------
    @available_if(_trains_by_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """Trains one epoch more; for the solvers "sgd" and "adam".

        Args:
            X: (rows, features) array, sparse matrix or frame. float32 stays float32, all else becomes float64.
            y: (rows,) labels, or (rows, classes) of 0 and 1 for labels that are not exclusive.
            sample_weight: (rows,) weights of at least 0; None (the default): all 1.
            classes: (classes,) all labels of all calls; needed in the first call only, None in later ones.

        Returns:
            The estimator.

        Raises:
            ValueError: an argument, X, y or the weights are not as described, the weights diverged, or `early_stopping`
                is True; the first call has no classes, or a later one has others.
        """
        if not hasattr(self, "classes_"):
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self._multilabel = type_of_target(y).startswith("multilabel")
            self.classes_ = unique_labels(y if self._multilabel else classes)
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )
        return self._fit(X, y, sample_weight, incremental=True)

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probabilities of the classes.

        Args:
            X: (rows, features) array, sparse matrix or frame.

        Returns:
            (rows, classes), in the order of `classes_`; for labels that are not exclusive that of each label.

        Raises:
            NotFittedError: `fit` was not called.
        """
        outputs = self._outputs(X)
        return np.hstack([1 - outputs, outputs]) if self.n_outputs_ == 1 and not self._multilabel else outputs

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithms of the probabilities of the classes.

        Args:
            X: (rows, features) array, sparse matrix or frame.

        Returns:
            (rows, classes), in the order of `classes_`; -inf where a probability is 0.

        Raises:
            NotFittedError: `fit` was not called.
        """
        return np.asarray(np.log(self.predict_proba(X)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
