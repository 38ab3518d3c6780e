"""Models as scikit-learn's estimators: wrappers with the names of `keras.wrappers`, and ready-made perceptrons.

Needs `pip install 'netlet[sklearn]'`. docs/scikit-learn.md shows grid searches, pipelines and saving.

>>> import netlet
>>> classifier = netlet.wrappers.MLPClassifier(hidden_layer_sizes=(20,), solver="lbfgs")
>>> classifier.fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]).n_features_in_
1

Its classes are imported at their first use, since scikit-learn is an optional package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from netlet.base.extras import needs
from netlet.base.missing import missing

if TYPE_CHECKING:
    from .mlp.classifier import MLPClassifier
    from .mlp.regressor import MLPRegressor
    from .model.classifier import SKLearnClassifier
    from .model.regressor import SKLearnRegressor
    from .model.transformer import SKLearnTransformer

__all__ = ["MLPClassifier", "MLPRegressor", "SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]

_FILES = {
    "MLPClassifier": ".mlp.classifier",
    "MLPRegressor": ".mlp.regressor",
    "SKLearnClassifier": ".model.classifier",
    "SKLearnRegressor": ".model.regressor",
    "SKLearnTransformer": ".model.transformer",
}


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise missing(__name__, name, __all__)
    needs("sklearn", "sklearn", f"{__name__}.{name}")
    value = globals()[name] = getattr(importlib.import_module(_FILES[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
