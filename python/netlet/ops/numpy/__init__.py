"""NumPy's functions, under the names of `keras.ops.numpy`."""

from __future__ import annotations

from netlet.base.exports import export_functions
from netlet.base.missing import explain_missing

from ..core.properties import copy, ndim, size
from .arithmetic import *
from .bitwise import *
from .complex_parts import *
from .contractions import *
from .creation import *
from .cumulative import *
from .differences import *
from .einsum import *
from .elementwise import *
from .flips import *
from .floating import *
from .getitem import *
from .indexing import *
from .joining import *
from .logic import *
from .manipulation import *
from .matrices import *
from .nans import *
from .padding import *
from .products import *
from .quantiles import *
from .ranges import *
from .rearranging import *
from .reduce import *
from .reinterpreting import *
from .rounding import *
from .selecting import *
from .sets import *
from .sorting import *
from .splitting import *
from .statistics import *
from .tapers import *
from .trigonometric import *
from .vectorizing import *

export_functions(__name__)
explain_missing(__name__, {"netlet.ops.linalg": "slogdet"})
