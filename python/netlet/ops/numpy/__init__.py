"""NumPy's functions, under the names of `keras.ops.numpy`."""

from __future__ import annotations

from netlet.base.exports import export_functions
from netlet.base.missing import explain_missing

from .arithmetic import *
from .creation import *
from .cumulative import *
from .einsum import *
from .elementwise import *
from .indexing import *
from .joining import *
from .logic import *
from .manipulation import *
from .matrices import *
from .products import *
from .reduce import *
from .rounding import *
from .sorting import *

export_functions(__name__)
explain_missing(__name__)
