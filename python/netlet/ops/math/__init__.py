"""Mathematics beyond NumPy's functions: special functions, segments."""

from __future__ import annotations

from netlet.base.exports import export_functions

from .distances import *
from .fourier import *
from .sequences import *
from .short_time import *
from .special import *

export_functions(__name__)
