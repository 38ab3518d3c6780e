"""netlet's MLPClassifier and MLPRegressor beside scikit-learn's, and the cost of fitting tiny models.

    python -m bench.sklearn_mlp [--threads 1 2] [--repeats 7] [--only digits] [--cpu]

The ratio is scikit-learn's time divided by netlet's. Both estimators get the same arguments and the same random state,
so they make the same epochs of the same batches; the last loss of each is compared before anything is timed. Fits
alternate and the median of the repeats counts. scikit-learn computes its products in NumPy's BLAS, which threadpoolctl
holds to the same number of threads. OpenBLAS's threads spin: its times with two of them mean something only on a
machine without other load.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
import sklearn.neural_network
from sklearn.datasets import load_digits, load_iris, make_regression
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

import netlet
from netlet import wrappers
from netlet.commands.bench.timing import alternate

Data = tuple[np.ndarray, np.ndarray]


def digits(dtype: str) -> Data:
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(dtype), y


def regression(dtype: str) -> Data:
    X, y = make_regression(10_000, 50, noise=1.0, random_state=0)
    return X.astype(dtype), (y / y.std()).astype(dtype)


def iris(dtype: str) -> Data:
    X, y = load_iris(return_X_y=True)
    return X.astype(dtype), y


EPOCHS = {"max_iter": 20, "batch_size": 200, "tol": 0.0, "n_iter_no_change": np.inf, "random_state": 0}
TINY = {"hidden_layer_sizes": 10, "random_state": 0}
ROWS: dict[str, tuple[str, Callable[[str], Data], str, dict[str, Any]]] = {
    "digits, 100 units, adam, 20 epochs": ("MLPClassifier", digits, "float64", EPOCHS),
    "the same, float32": ("MLPClassifier", digits, "float32", EPOCHS),
    "10000 x 50, 100 units, adam, 20 epochs": ("MLPRegressor", regression, "float64", EPOCHS),
    "the same, float32 ": ("MLPRegressor", regression, "float32", EPOCHS),
    "digits, lbfgs, 20 iterations": ("MLPClassifier", digits, "float64", {**EPOCHS, "solver": "lbfgs"}),
    "iris, 10 units, 1 epoch": ("MLPClassifier", iris, "float64", {**TINY, "max_iter": 1}),
    "iris, 10 units, 200 epochs": ("MLPClassifier", iris, "float64", TINY),
}


def fits(row: str) -> list[Callable[[], Any]]:
    """The fit of netlet's and of scikit-learn's estimator."""
    name, data, dtype, arguments = ROWS[row]
    X, y = data(dtype)
    estimators = [getattr(module, name)(**arguments) for module in (wrappers, sklearn.neural_network)]
    return [lambda e=e: e.fit(X, y) for e in estimators]  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (default: 1 2)")
    parser.add_argument("--repeats", type=int, default=7, help="fits of each estimator (default: %(default)s)")
    parser.add_argument("--only", default="", help="only rows whose name has this text")
    parser.add_argument("--cpu", action="store_true", help="CPU time of one thread, for machines with other load")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"scikit-learn {sklearn.__version__}, milliseconds of a fit, median of {arguments.repeats}")
    print(f"{'':42}{'threads':>8}{'netlet':>10}{'sklearn':>10}{'ratio':>8}")
    clock = time.thread_time if arguments.cpu else time.perf_counter
    for row in (name for name in ROWS if arguments.only in name):
        for threads in arguments.threads:
            netlet.set_num_threads(threads)
            with threadpool_limits(threads, user_api="blas"):
                works = fits(row)
                losses = [work().loss_ for work in works]
                np.testing.assert_allclose(*losses, rtol=1e-4, err_msg=f"{row}: the two trainings differ")
                ours, theirs = alternate(*works, seconds=0, samples=arguments.repeats, clock=clock)
            print(f"{row:42}{threads:8}{ours * 1e3:10.2f}{theirs * 1e3:10.2f}{theirs / ours:8.1f}", flush=True)


if __name__ == "__main__":
    main()
