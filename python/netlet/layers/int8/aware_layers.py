"""The aware class of each quantized class."""

from __future__ import annotations

from ..base.quantization import quantizes
from ..core.dense import Dense
from .aware import AwareLayer
from .dense import Int8Dense


@quantizes(Dense, scheme="int8_aware")
class AwareDense(AwareLayer, Int8Dense):
    """A Dense that trains with the codes of `Int8Dense`; see `AwareLayer`."""

    _float_class = Dense
