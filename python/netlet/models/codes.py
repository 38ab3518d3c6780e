"""8-bit codes between quantized layers, while a plan for inference is recorded.

A quantized product returns float32, and a quantized layer with static activations turns its input into codes. Where
every reader of a product's output makes codes of one scale of it, the product writes these codes itself: its last step
is the same division and rounding, so predictions are equal to the bit. Layers in between that only choose or move
elements (max pooling, flatten, concatenate, ...) work on codes as on floats, since codes grow with the values.

An activation layer after a quantized product becomes part of it, as in `folding`. Eager calls do neither.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from netlet import _core, activations
from netlet.engine.graph import mask_of
from netlet.layers.base.input_spec import check
from netlet.layers.fusable import LINEAR, fused_activation
from netlet.layers.merging.merge import Concatenate
from netlet.layers.pooling.pooling import MaxPooling
from netlet.layers.quantized.base.quantized_layer import QuantizedLayer
from netlet.layers.quantized.int8.folded_normalization import FoldedNormalization
from netlet.layers.regularization.dropout import Dropout
from netlet.layers.reshaping.cropping import Cropping
from netlet.layers.reshaping.reshape import Flatten, Permute, RepeatVector, Reshape
from netlet.ops.spatial.data_format import back, channels_last
from netlet.ops.spatial.windows import Window

# Layers whose outputs are elements of their inputs, chosen by place or as the largest of a window.
_CHOOSING = (Concatenate, Cropping, Dropout, Flatten, FoldedNormalization, MaxPooling, Permute, RepeatVector, Reshape)
Codes = tuple[Any, Any]  # the Variables with scale and zero point


class SharedInput:
    """The codes of a value that several quantized layers read, so that those who make the same codes make them once."""

    def __init__(self) -> None:
        self._value: Any = None
        self._codes: dict[Any, Any] = {}

    def codes(self, layer: Any, x: Any) -> Any:
        """(codes, scale, zero point) of the value for a layer."""
        if self._value is not x:
            self._value, self._codes = x, {}
        if layer.input_scale is None:
            key: Any = layer._dynamic_codes_key(len(x.shape))
        else:
            key = _deciding(layer.input_scale).item(), _deciding(layer.input_zero_point).item()
        if key not in self._codes:
            self._codes[key] = layer._input_codes(x)
        return self._codes[key]


class QuantizedProduct:
    """A quantized layer, and the activation layer after it, as one operation.

    Args:
        layers: the quantized layer, then the layers that it replaces.
        activation: (name, alpha) of the fused activation; None: the layer's own, which no product fuses.
    """

    takes: Codes | None = None  # of the codes that it receives
    returns: Codes | None = None  # of the codes that it returns; None: float32
    shared: SharedInput | None = None  # if other quantized layers read its input too

    def __init__(self, layers: Sequence[Any], activation: tuple[str, float] | None) -> None:
        self.layers, self.layer, self.activation = layers, layers[0], activation

    @property
    def wants(self) -> Codes | None:
        """Scale and zero point of the codes that it makes of its input; None if they differ from call to call."""
        layer = self.layer
        return None if layer.input_scale is None else (layer.input_scale, layer.input_zero_point)

    @property
    def can_return_codes(self) -> bool:
        """Whether its last step can write codes."""
        return self.activation is not None

    def __call__(self, x: Any) -> Any:
        if mask_of(x) is not None:  # each layer hands the mask on
            for layer in self.layers:
                x = layer(x)
            return x
        layer = self.layer
        if layer.input_spec is not None:
            check(layer.input_spec, x, layer.name)
        _core.push_scope(layer.name)
        try:
            if self.takes is not None and x.dtype == "uint8":
                given = (x, *self.takes)
            elif self.shared is not None:
                given = self.shared.codes(layer, x)
            else:
                given = layer._input_codes(x)
            y = layer._on_codes(*given, self.activation or LINEAR, *(self.returns or (None, None)))
            return y if self.activation is not None else layer.activation(y)
        finally:
            _core.pop_scope()


class OnCodes:
    """A layer that chooses or moves elements, as an operation that may receive codes.

    Args:
        layer: the layer.
        codes: the Variables with scale and zero point of the codes.
    """

    def __init__(self, layer: Any, codes: Codes) -> None:
        self.layer, self.codes = layer, codes

    def __call__(self, x: Any) -> Any:
        given = x if isinstance(x, (list, tuple)) else [x]
        if not all(v.dtype == "uint8" for v in given):
            return self.layer([self._values(v) for v in given] if given is x else x)
        _core.push_scope(self.layer.name)
        try:
            return _largest(self.layer, x) if isinstance(self.layer, MaxPooling) else self.layer.call(x)
        finally:
            _core.pop_scope()

    def _values(self, x: Any) -> Any:
        """float32, also of codes: another input has a mask, so its producer returned floats."""
        return x if x.dtype != "uint8" else _core.dequantize_zeropoint(x, *self.codes)


def _largest(layer: MaxPooling, x: Any) -> Any:
    """Max pooling of codes. (`ops.max_pool` takes integers as numbers, and returns floats.)"""
    x = channels_last(x, layer.data_format)
    extents = tuple(x.shape)[1:-1]
    window = Window(layer.pool_size, layer.strides, (1,) * layer.rank, layer.padding)
    return back(_core.max_pool(x, window.size, window.strides, window.pads(extents)), layer.data_format)


def fuse(layers: Sequence[Any]) -> tuple[Any, int] | None:
    """Fuses the first of these consecutive layers for inference, if it is a quantized product.

    Args:
        layers: the next layers of a chain; at least one.

    Returns:
        (operation, how many of the layers it replaces), or None.
    """
    first = layers[0]
    if not (isinstance(first, QuantizedLayer) and type(first).call is QuantizedLayer.call):
        return None
    if not first.built or first.activity_regularizer is not None:
        return None
    own, count = activations.fused(first.activation), 1
    if own != LINEAR:
        return QuantizedProduct(layers[:1], own), 1
    while count < len(layers) and type(layers[count]) is FoldedNormalization:
        count += 1
    following = fused_activation(layers[count]) if count < len(layers) else None
    if following is None:
        return QuantizedProduct(layers[:count], own), count
    return QuantizedProduct(layers[: count + 1], following), count + 1


def link(
    operations: list[Any], inputs: Sequence[Sequence[int]], outputs: Sequence[int], visible: Iterable[int]
) -> list[Any]:
    """Lets operations pass codes to each other where all readers of a value make the same codes of it.

    Args:
        operations: what is called, in its order.
        inputs: for each operation the numbers of the values that it reads.
        outputs: for each operation the number of the value that it makes; -1 for several.
        visible: the values that must be floats: the model's outputs, and what calls with other arguments read.

    Returns:
        The operations; layers that only choose or move elements may be replaced by operations on codes.
    """
    if not any(isinstance(operation, QuantizedProduct) for operation in operations):
        return operations
    coded = _coded(operations, inputs, outputs, set(visible))
    products = [i for i, operation in enumerate(operations) if isinstance(operation, QuantizedProduct)]
    readers = Counter(inputs[i][0] for i in products)
    shared = {value: SharedInput() for value, count in readers.items() if count > 1}
    found = []
    for operation, read, made in zip(operations, inputs, outputs, strict=True):
        if isinstance(operation, QuantizedProduct):
            operation.takes, operation.returns = coded.get(read[0]), coded.get(made)
            operation.shared = shared.get(read[0])
        elif made in coded:
            operation = OnCodes(operation, coded[made])
        found.append(operation)
    return found


def _coded(
    operations: list[Any], inputs: Sequence[Sequence[int]], outputs: Sequence[int], visible: set[int]
) -> dict[int, Codes]:
    """{number of a value: scale and zero point of its codes} of all values that are passed as codes."""
    readers: defaultdict[int, list[int]] = defaultdict(list)
    for i, read in enumerate(inputs):
        for value in read:
            readers[value].append(i)
    coded: dict[int, Codes] = {}
    for i in reversed(range(len(operations))):  # the readers of a value come later
        value, operation = outputs[i], operations[i]
        can = operation.can_return_codes if isinstance(operation, QuantizedProduct) else _chooses(operation)
        if can and value not in visible and readers[value]:
            codes = _common([_wanted(operations[k], coded.get(outputs[k])) for k in readers[value]])
            if codes is not None:
                coded[value] = codes
    changed = True
    while changed:  # a concatenation has codes for all of its inputs, or for none
        before = len(coded)
        for operation, read, made in zip(operations, inputs, outputs, strict=True):
            if not isinstance(operation, QuantizedProduct):
                if made in coded and not all(value in coded for value in read):
                    del coded[made]
                if made not in coded:
                    for value in read:
                        coded.pop(value, None)
        changed = len(coded) != before
    return coded


def _wanted(reader: Any, after: Codes | None) -> Codes | None:
    """The codes that an operation makes of its input; `after`: those that are made of its output."""
    return reader.wants if isinstance(reader, QuantizedProduct) else after


def _chooses(layer: Any) -> bool:
    """Whether a layer's outputs are elements of its inputs: its class is one of _CHOOSING, with the `call` of that."""
    if getattr(layer, "activity_regularizer", None) is not None:
        return False
    return any(isinstance(layer, cls) and type(layer).call is cls.call for cls in _CHOOSING)


def _common(wishes: list[Codes | None]) -> Codes | None:
    """The codes that all readers want, or None."""
    first = wishes[0]
    for other in wishes:
        if first is None or other is None:
            return None
        if not all(a is b or np.array_equal(_deciding(a), _deciding(b)) for a, b in zip(first, other, strict=True)):
            return None
    return first


def _deciding(variable: Any) -> Any:
    """The value of a Variable on which the recorded plan depends: after `assign`, the plan is recorded again."""
    variable._decides_plans = True
    return variable.numpy()
