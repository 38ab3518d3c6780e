"""Models as scikit-learn's estimators: wrappers with the names of `keras.wrappers`, and ready-made perceptrons.

Needs `pip install 'netlet[sklearn]'`. docs/guides/scikit-learn.md shows grid searches, pipelines and saving.

>>> import netlet
>>> classifier = netlet.wrappers.MLPClassifier(hidden_layer_sizes=(20,), solver="lbfgs")
>>> classifier.fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]).n_features_in_
1

Its classes are imported at their first use, since scikit-learn is an optional package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netlet.base.extras import needs
from netlet.base.lazy import homes, import_name
from netlet.base.missing import missing

if TYPE_CHECKING:
    from .mlp.classifier import MLPClassifier
    from .mlp.regressor import MLPRegressor
    from .model.classifier import SKLearnClassifier
    from .model.regressor import SKLearnRegressor
    from .model.transformer import SKLearnTransformer

_FILES = {
    "mlp.classifier": "MLPClassifier",
    "mlp.regressor": "MLPRegressor",
    "model.classifier": "SKLearnClassifier",
    "model.regressor": "SKLearnRegressor",
    "model.transformer": "SKLearnTransformer",
}
_HOMES = homes(__name__, _FILES)

__all__ = ["MLPClassifier", "MLPRegressor", "SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise missing(__name__, name, __all__)
    needs("sklearn", "sklearn", f"{__name__}.{name}")
    return import_name(__name__, name, _HOMES[name])


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
