"""Linear algebra, under the names of `keras.ops.linalg`."""

from __future__ import annotations

from netlet.base.exports import export_functions
from netlet.base.missing import explain_missing

from .norms import *

export_functions(__name__)
explain_missing(__name__)
