"""Linear algebra, under the names of `keras.ops.linalg`."""

from __future__ import annotations

from netlet.base.exports import export_functions
from netlet.base.missing import explain_missing

from .decompositions import *
from .derivatives import *
from .invariants import *
from .lu import *
from .norms import *
from .powers import *
from .solving import *

export_functions(__name__)
explain_missing(__name__)
