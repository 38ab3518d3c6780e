"""Training by L-BFGS: SciPy's routine over a recorded loss with its gradient."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning

from .batches import Rows
from .steps import record_step
from .stochastic import Training


def run_lbfgs(estimator: Any, training: Training, rows: Rows) -> None:
    """Minimizes the loss over all rows in float64.

    Args:
        estimator: the perceptron; `n_iter_` and `loss_` are set.
        training: the weights, where the minimization starts and where its result is written.
        rows: the training data, of which all is one batch.
    """
    weights = training.weights
    whole = Rows(rows.x.toarray(), rows.others, rows.dtype) if rows.sparse else rows
    arrays = whole.example()
    plan = record_step(training.network, weights, arrays, rows.count, None)
    reported = 0.0

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal reported
        weights.params.copy_from(theta)
        losses = plan.run(arrays)[0]
        reported = float(losses[0][0, 0])
        return float(losses[1][0, 0]), np.array(weights.grads.numpy())

    found = scipy.optimize.minimize(
        loss,
        np.array(weights.params.numpy()),
        method="L-BFGS-B",
        jac=True,
        options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol},
    )
    loss(found.x)
    estimator.loss_ = reported
    estimator.n_iter_ = min(int(found.nit), estimator.max_iter)
    if estimator.verbose:
        print(f"L-BFGS: {found.nit} iterations, {found.nfev} evaluations, loss = {estimator.loss_:.8f}")
    if found.status != 0:
        message = found.message if isinstance(found.message, str) else found.message.decode("latin1")
        warnings.warn(
            f"lbfgs failed to converge after {estimator.n_iter_} iterations: {message}. Increase max_iter or max_fun, "
            "or scale the data (sklearn.preprocessing).",
            ConvergenceWarning,
            stacklevel=4,
        )
