"""What every op stands on, and ops that Keras has in `keras.ops` only."""

from __future__ import annotations

from netlet.base.exports import export_functions

from .control_flow import *
from .custom_gradient import *
from .properties import *
from .scattering import *
from .segments import *

export_functions(__name__)
