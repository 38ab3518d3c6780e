"""ONNX models: changes of the fields of the parsed protobuf message, found by its descriptors."""

from __future__ import annotations

import functools
import pathlib
import random
from typing import Any

import numpy as np

from ..mutation import change_bytes
from ..target import CANARY, Target, written

_INTEGERS = (0, 1, -1, 2, 3, 7, 16, 17, 99, 2**31 - 1, -(2**31), 2**40, 2**63 - 1, -(2**63))
_NUMBERS = (0.0, -1.0, 0.5, 1e30, float("inf"), float("nan"))


def _change(data: bytes, rng: random.Random) -> bytes:
    import onnx

    if not rng.randrange(8):
        return change_bytes(data, rng)
    try:
        model = onnx.ModelProto.FromString(data)
        for _ in range(rng.randint(1, 3)):
            messages = _messages(model)
            _change_field(rng.choice(messages), messages, rng)
        return bytes(model.SerializeToString())
    except Exception:  # bytes that are no model, or a value that a field does not hold
        return change_bytes(data, rng)


def _messages(message: Any) -> list[Any]:
    """The message and all messages in it."""
    found = [message]
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if _repeated(field) else [value]:
                found += _messages(inner)
    return found


def _repeated(field: Any) -> bool:
    return bool(
        getattr(field, "is_repeated", None) if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED
    )


def _change_field(message: Any, messages: list[Any], rng: random.Random) -> None:
    """Clears, doubles, moves or replaces one field, which three times of four is one that is set."""
    fields = [field for field, _ in message.ListFields()]
    field = rng.choice(fields if fields and rng.randrange(4) else list(message.DESCRIPTOR.fields))
    if not rng.randrange(8):
        message.ClearField(field.name)
    elif not _repeated(field):
        _change_single(message, field, messages, rng)
    elif field.message_type is not None:
        _change_messages(getattr(message, field.name), field, messages, rng)
    else:
        values = getattr(message, field.name)
        kind, at = rng.randrange(4), rng.randrange(len(values) + 1)
        if kind == 0 and at < len(values):
            del values[at]
        elif kind == 1 and at < len(values):
            values[at] = _value(field, messages, rng)
        else:
            values.append(_value(field, messages, rng))


def _change_messages(values: Any, field: Any, messages: list[Any], rng: random.Random) -> None:
    """Removes or adds a message of a list, or puts one of the same type from elsewhere in its place."""
    kind, at = rng.randrange(3), rng.randrange(len(values) + 1)
    if at < len(values) and kind == 0:
        del values[at]
        return
    content = _content_like(field, messages, rng)
    (values[at] if at < len(values) and kind == 1 else values.add()).ParseFromString(content)


def _change_single(message: Any, field: Any, messages: list[Any], rng: random.Random) -> None:
    if field.message_type is None:
        setattr(message, field.name, _value(field, messages, rng))
    else:
        content = _content_like(field, messages, rng)
        getattr(message, field.name).ParseFromString(content)


def _content_like(field: Any, messages: list[Any], rng: random.Random) -> bytes:
    """The bytes of a message of the field's type: copying one into its own part ends protobuf's process."""
    alike = [m for m in messages if field.message_type == m.DESCRIPTOR]
    return bytes(rng.choice(alike).SerializeToString()) if alike else b""


def _value(field: Any, messages: list[Any], rng: random.Random) -> Any:
    """A value of a field's type: a name that occurs in the model, a number at an end of its range."""
    if field.enum_type is not None:
        return rng.choice(list(field.enum_type.values_by_number))
    if field.cpp_type == field.CPPTYPE_STRING:
        if field.name == "op_type" and rng.randrange(4):
            return rng.choice(_operators())
        names = [
            n for m in messages if m.DESCRIPTOR.name == "NodeProto" for n in (*m.input, *m.output, *m.domain.split())
        ]
        text = rng.choice([*names, "", "x", CANARY, "é", "2", "SAME_UPPER", "float"])
        return text if field.type == field.TYPE_STRING else text.encode()
    if field.cpp_type in (field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE):
        return rng.choice(_NUMBERS)
    return rng.choice(_INTEGERS)


@functools.cache
def _operators() -> list[str]:
    import onnx.defs

    return sorted({schema.name for schema in onnx.defs.get_all_schemas()})


def _seeds() -> list[bytes]:
    """Networks with layers, and more often small models, which take a tenth of the time."""
    from support.onnx_graphs import Graph, randoms
    from support.onnx_networks import NETWORKS

    r, images, dense, shapes = randoms(), Graph(x=("n", 2, 3, 3)), Graph(x=("n", 3)), Graph(x=(2, 3))
    small = [
        images.model(images("Relu", images("Conv", "x", r(2, 2, 2, 2), r(2), pads=[0, 0, 1, 1]))),
        dense.model(dense("Softmax", dense("Gemm", "x", r(3, 2), r(2)))),
        shapes.model(shapes("Mul", shapes("Reshape", "x", np.array([3, -1])), r(3, 1))),
    ]
    names = ("residual", "convolutions", "LSTM forward last", "transformer 17", "upward")
    models = [*small * 8, _decoder(), *(NETWORKS[name]()[0] for name in names)]
    return [bytes(model.SerializeToString()) for model in models]


def _decoder() -> Any:
    """A model with an image file in it: what decodes images is imported before the watch begins."""
    from support.onnx_graphs import Graph

    g = Graph(opset=20, x=(1, 2, 3))
    pixels = g("ImageDecoder", np.frombuffer(b"P6\n2 1\n255\nabcdef", np.uint8))
    return g.model(g("Add", "x", g("Cast", pixels, to=1)))


def _run(data: bytes, folder: pathlib.Path) -> None:
    import netlet.onnx

    netlet.onnx.load(str(written(folder, "m.onnx", data)))


ONNX = Target("ONNX models", _seeds, _run, _change, runs=60)
