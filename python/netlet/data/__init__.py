"""Pipelines of data for `fit`: `Dataset` and the names of tf.data that go with it."""

from netlet.base.missing import explain_missing

from .computing import AUTOTUNE
from .dataset import Dataset
from .pipeline import Options
from .stages.stage import INFINITE, UNKNOWN
from .values import TensorSpec

INFINITE_CARDINALITY = INFINITE
UNKNOWN_CARDINALITY = UNKNOWN

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "Options", "TensorSpec"]

explain_missing(__name__)
