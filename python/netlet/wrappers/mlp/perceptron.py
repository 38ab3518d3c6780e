"""What MLPClassifier and MLPRegressor share: the data, the weights, and the choice of the solver."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from ..weighting import checked_weight
from .arguments import check_arguments, hidden_sizes
from .batches import Rows
from .lbfgs import run_lbfgs
from .losses import poisson_offset
from .optimizer import StochasticOptimizer
from .steps import Network, dense, forward
from .stochastic import Training, Validation, run_epochs

_FLOATS = (np.float64, np.float32)
_SPARSE = {"accept_sparse": ["csr", "csc"]}


def _trains_by_steps(estimator: Any) -> bool:
    if estimator.solver not in ("sgd", "adam"):
        raise AttributeError(
            f"partial_fit is only available for the solvers 'sgd' and 'adam', not {estimator.solver!r}"
        )
    return True


class Perceptron(BaseEstimator):
    """Base of the two estimators. A subclass says what its targets are:

    - `_encoded(y, incremental)`: checks targets and returns them as the loss reads them;
    - `_output()`: (number of outputs, scikit-learn's name of the last activation);
    - `_decoded(outputs)`: the predictions;
    - `_scored(y, predictions, weight)`: the score of early stopping.
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Trains on data.

        Args:
            X: (rows, features) array, sparse matrix or frame. float32 stays float32, all else becomes float64.
            y: (rows,) or (rows, outputs) targets.
            sample_weight: (rows,) weights of at least 0; None (the default): all 1. A row of weight 0 is left out; one
                of weight 2 counts as two rows of its batch.

        Returns:
            The estimator.

        Raises:
            ValueError: an argument, X, y or the weights are not as described, or the weights diverged.
        """
        return self._fit(X, y, sample_weight, incremental=False)

    def _fit(self, X: Any, y: Any, sample_weight: Any, incremental: bool) -> Any:
        check_arguments(self)
        sizes = hidden_sizes(self)
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=_FLOATS,
            reset=first,
            y_numeric=not is_classifier(self),
        )
        weight = checked_weight(self, sample_weight, X)
        target = self._encoded(y, incremental)
        if weight is not None:
            kept = weight > 0
            X, target, weight = X[kept], target[kept], weight[kept]
        self._random_state = check_random_state(self.random_state)
        if first:
            self._initialize([X.shape[1], *sizes, self._output()[0]], X.dtype)
        if self.solver != "lbfgs" and (first or not self._goes_on()):
            self._begin_curves()
        training = self._prepare(X.dtype, incremental)
        if self.solver == "lbfgs":
            run_lbfgs(self, training, self._rows(X, target, weight, np.float64))
        else:
            self._fit_by_steps(training, X, target, weight, incremental)
        arrays = training.weights.read()
        if self.early_stopping and self.solver != "lbfgs" and self._best_weights is not None:
            arrays = self._best_weights
        self._set_weights([array.astype(self._dtype, copy=False) for array in arrays])
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may contain large values and need to be"
                " preprocessed."
            )
        return self

    # ---- the weights -----------------------------------------------------------------------------------------------
    def _initialize(self, units: list[int], dtype: Any) -> None:
        """Draws the first weights from the random state, as scikit-learn does."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(units)
        self.n_outputs_, self.out_activation_ = self._output()
        factor = 2.0 if self.activation == "logistic" else 6.0
        drawn = []
        for pair in pairwise(units):
            bound = np.sqrt(factor / sum(pair))
            drawn.append([self._random_state.uniform(-bound, bound, shape).astype(dtype) for shape in (pair, pair[1])])
        self._set_weights([coef for coef, _ in drawn] + [intercept for _, intercept in drawn])
        self._optimizer: StochasticOptimizer | None = None

    def _goes_on(self) -> bool:
        """Whether the losses or scores of the fit before can be continued: it had the same way of stopping."""
        return hasattr(self, "loss_curve_") and (self.best_loss_ is None) == bool(self.early_stopping)

    def _begin_curves(self) -> None:
        """Resets the attributes that describe the training by "sgd" or "adam"."""
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        stopping = self.early_stopping
        self.validation_scores_: list[float] | None = [] if stopping else None
        self.best_validation_score_ = -np.inf if stopping else None
        self.best_loss_ = None if stopping else np.inf
        self._best_weights: list[np.ndarray] | None = None  # until an epoch has a finite score

    def _set_weights(self, arrays: list[np.ndarray]) -> None:
        layers = len(arrays) // 2
        self.coefs_, self.intercepts_ = arrays[:layers], arrays[layers:]

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.asarray(self.coefs_[0]).dtype

    @property
    def _network(self) -> Network:
        return Network(self.activation, self.out_activation_, float(self.alpha))

    def _prepare(self, dtype: Any, incremental: bool) -> Training:
        """The recorded steps, which `partial_fit` uses again, with the present weights."""
        if self.solver == "lbfgs":
            dtype = np.dtype(np.float64)
        units = (self.coefs_[0].shape[0], *(coef.shape[1] for coef in self.coefs_))
        if units[-1] != self._output()[0]:
            raise ValueError(
                f"Argument `y` of {type(self).__name__}.fit: expected {units[-1]} outputs, as in the fit before, "
                f"received {self._output()[0]}."
            )
        key = (self._network, units, np.dtype(dtype).name)
        training: Training | None = self.__dict__.pop("_training", None)
        if training is None or training.key != key or not incremental:
            training = Training(*key)
        if incremental:
            self._training = training
        training.weights.write([*self.coefs_, *self.intercepts_])
        return training

    # ---- sgd and adam ----------------------------------------------------------------------------------------------
    def _fit_by_steps(self, training: Training, X: Any, target: np.ndarray, weight: Any, incremental: bool) -> None:
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        validation = None
        if self.early_stopping:
            X, target, weight, validation = self._set_aside(X, target, weight)
        optimizer = getattr(self, "_optimizer", None)
        if optimizer is None or not incremental or not optimizer.fits(training.weights):
            optimizer = self._optimizer = StochasticOptimizer(self, training.weights)
        training.use(optimizer)
        run_epochs(self, training, self._rows(X, target, weight, training.weights.dtype), validation, incremental)

    def _set_aside(self, X: Any, target: np.ndarray, weight: Any) -> Any:
        """Splits off the rows of early stopping; `_strata` says by which classes."""
        parts = [X, target] if weight is None else [X, target, weight]
        split = train_test_split(
            *parts,
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=self._strata(target),
        )
        train, held = split[::2], split[1::2]
        if held[0].shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        x, y, w = (*held, None)[:3]
        return *(*train, None)[:3], Validation(x, self._original(y), w)

    def _rows(self, X: Any, target: np.ndarray, weight: Any, dtype: Any) -> Rows:
        """Training data in the dtype of the weights."""
        kind = np.dtype(dtype)
        y = target if self.out_activation_ == "softmax" else np.asarray(target, kind)
        others = [np.ascontiguousarray(y)]
        if weight is not None:
            others.append(np.asarray(weight, kind))
        if self.out_activation_ == "exp":
            others.append(poisson_offset(others[0]))
        return Rows(X if hasattr(X, "toarray") else dense(X, kind), others, kind)

    def _validation_score(self, training: Training, validation: Validation) -> float:
        """The score of the weights in training; NaN if an output is not finite."""
        weights = training.weights
        outputs = forward(self._network, weights.coefs, weights.intercepts, validation.x, weights.dtype)
        if not np.isfinite(outputs).all():
            return float("nan")
        return float(self._scored(validation.y, self._decoded(outputs), validation.weight))

    @available_if(_trains_by_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Trains one epoch more; for the solvers "sgd" and "adam".

        Args:
            X: (rows, features) array, sparse matrix or frame. float32 stays float32, all else becomes float64.
            y: (rows,) or (rows, outputs) targets.
            sample_weight: (rows,) weights of at least 0; None (the default): all 1.

        Returns:
            The estimator.

        Raises:
            ValueError: an argument, X, y or the weights are not as described, the weights diverged, or `early_stopping`
                is True.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    # ---- predictions -----------------------------------------------------------------------------------------------
    def predict(self, X: Any) -> np.ndarray:
        """The predictions for rows.

        Args:
            X: (rows, features) array, sparse matrix or frame.

        Returns:
            (rows,) or (rows, outputs): classes, or numbers of the dtype of the weights.

        Raises:
            NotFittedError: `fit` was not called.
        """
        return np.asarray(self._decoded(self._outputs(X)))

    def _outputs(self, X: Any) -> np.ndarray:
        """(rows, outputs) the activations of the last layer."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, **_SPARSE)
        return forward(self._network, self.coefs_, self.intercepts_, X, self._dtype)

    # ---- what scikit-learn asks ------------------------------------------------------------------------------------
    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_training", None)  # recorded again at the next `partial_fit`
        return state
