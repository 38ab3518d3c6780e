"""MLPRegressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import column_or_1d

from .perceptron import Perceptron


class MLPRegressor(RegressorMixin, Perceptron):
    """A multilayer perceptron that predicts numbers, with the arguments, results and attributes of scikit-learn's.

    It minimizes half the squared error, or half the Poisson deviance, plus alpha / 2 * sum(coefs**2) / n, where n is
    the number of rows of a batch, or the sum of their weights. With the same `random_state` it draws the same weights
    and shuffles as scikit-learn does, so both train alike up to rounding. It computes in float32 if X is float32
    (faster), else in float64.

    Args:
        loss: "squared_error" (default), or "poisson" for y of at least 0, whose last activation is the exponential.
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
        early_stopping: whether to set rows aside, stop when their R² stops improving, and take the best weights;
            False by default.
        validation_fraction: fraction of the rows that are set aside; default 0.1.
        beta_1, beta_2, epsilon: of "adam"; default 0.9, 0.999, 1e-8.
        n_iter_no_change: epochs without improvement after which training stops; default 10; inf for never.
        max_fun: most evaluations of the loss by "lbfgs"; default 15000.

    Attributes:
        coefs_, intercepts_: lists of the weights of each layer.
        loss_: the loss of the last epoch.
        loss_curve_: the loss of each epoch of "sgd" and "adam".
        best_loss_: the least of them; None with early stopping.
        validation_scores_, best_validation_score_: the R² of early stopping; None without it.
        t_: training rows seen.
        n_iter_: epochs or iterations made.
        n_layers_, n_outputs_: number of layers with the input's, and of outputs.
        n_features_in_, feature_names_in_: of X.
        out_activation_: "identity" or "exp".

    Raises:
        ValueError: (by `fit`) an argument is not as described.

    Source: `sklearn.neural_network.MLPRegressor` of scikit-learn 1.7 and later; before, it had no `loss`.

    Example:

    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> MLPRegressor(solver="lbfgs", random_state=1).fit(X, X[:, 0] ** 2).predict([[0.5]]).round(1)
    array([0.2])
    """

    def __init__(
        self,
        loss: str = "squared_error",
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
        self.loss = loss
        super().__init__(
            hidden_layer_sizes,
            activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
        )

    def _encoded(self, y: np.ndarray, incremental: bool) -> np.ndarray:
        """(rows, outputs) numbers."""
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._outputs_of_y = 1 if y.ndim == 1 else y.shape[1]
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError("Argument `y` of MLPRegressor.fit: expected numbers of at least 0 for loss='poisson'.")
        return y[:, None] if y.ndim == 1 else y

    def _output(self) -> tuple[int, str]:
        return self._outputs_of_y, "exp" if self.loss == "poisson" else "identity"

    def _strata(self, target: np.ndarray) -> None:
        return None

    def _original(self, target: np.ndarray) -> np.ndarray:
        return target

    def _decoded(self, outputs: np.ndarray) -> np.ndarray:
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _scored(self, y: np.ndarray, predictions: np.ndarray, weight: np.ndarray | None) -> float:
        """R²."""
        return float(r2_score(y, predictions, sample_weight=weight))
