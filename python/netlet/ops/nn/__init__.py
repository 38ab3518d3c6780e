"""Operations of neural networks, under the names of `keras.ops.nn`."""

from __future__ import annotations

from netlet.base.exports import export_functions
from netlet.base.missing import explain_missing

from .activation import *
from .attention import *
from .convolution import *
from .crossentropy import *
from .ctc import *
from .dense import *
from .encodings import *
from .normalization import *
from .pooling import *
from .rearranging import *
from .rectifiers import *
from .recurrent import *
from .softmax import *

export_functions(__name__)
explain_missing(__name__)
