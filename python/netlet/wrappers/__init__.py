"""Models as scikit-learn's estimators, under the names of `keras.wrappers`. Needs `pip install 'netlet[sklearn]'`."""

from __future__ import annotations

from netlet.base.missing import explain_missing

__all__: list[str] = []

explain_missing(__name__)
