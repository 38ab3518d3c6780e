"""Operations on arrays and Tensors under Keras's names: eager, recorded or symbolic, and differentiable.

Arguments are Tensors, Variables, NumPy arrays of any layout, DLPack producers, numbers and lists. The result is a
Tensor, or a symbolic tensor if any argument is one. Tensors have operators and methods like NumPy's arrays and work
with NumPy's functions, `float`, formats and `.numpy()`; see docs/guides/tensors.md.

>>> import numpy as np
>>> matmul(np.ones((2, 3)), np.ones((3, 1))).numpy()
array([[3.],
       [3.]])
"""

from __future__ import annotations

from netlet.base.exports import export_functions
from netlet.base.missing import explain_missing
from netlet.engine.operators import install as _install

from . import image, linalg, nn, numpy
from .core import *
from .linalg import *
from .math import *
from .nn import *
from .numpy import *
from .quant import *

export_functions(__name__, "image", "linalg", "nn", "numpy")

# The ops behind the operators and methods of tensors.
_OPERATORS = """
    abs add all any argmax argmin argpartition argsort bitwise_and bitwise_not bitwise_or bitwise_xor cast clip
    conj copy cumprod cumsum diagonal divide dot equal floor_divide getitem greater greater_equal imag
    left_shift less less_equal logical_and logical_not logical_or logical_xor matmul max mean min mod multiply
    negative nonzero not_equal power prod ptp ravel real repeat reshape right_shift round searchsorted sort
    squeeze std subtract sum swapaxes take trace transpose var view
"""
_install({name: globals()[name] for name in _OPERATORS.split()})


explain_missing(__name__)
