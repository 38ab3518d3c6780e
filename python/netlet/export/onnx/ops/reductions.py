"""Reductions: sums, means, extrema, norms, positions, cumulative sums."""

from __future__ import annotations

from typing import Any

from ..exporter import Exporter
from ..registry import Unsupported, op
from ..values import Value
from .arithmetic import cast_to

_KINDS = {
    "sum": "ReduceSum",
    "mean": "ReduceMean",
    "max": "ReduceMax",
    "min": "ReduceMin",
    "prod": "ReduceProd",
    "logsumexp": "ReduceLogSumExp",
}


def axes_list(axis: Any, rank: int) -> list[int]:
    """The axes, counted from 0; None: all."""
    if axis is None:
        return list(range(rank))
    given = [axis] if isinstance(axis, int) else list(axis)
    return [int(a) % rank for a in given]


def reduced(e: Exporter, kind: str, name: str, axes: list[int], keepdims: bool) -> str:
    """Adds a reduction over these axes; none: the tensor itself."""
    if not axes:
        return name
    found: str = e.graph.op(kind, name, e.graph.ints(*axes), keepdims=int(keepdims))
    return found


def image_axes(x: Any, axes: list[int]) -> bool:
    """Whether a Value with channels first is reduced over all its spatial axes."""
    rank = len(x.shape)
    return isinstance(x, Value) and x.only_first and rank > 2 and sorted(axes) == list(range(1, rank - 1))


def _reduction(kind: str) -> Any:
    def convert(
        e: Exporter, out: Any, x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None, dtype: Any = None
    ) -> Any:
        if initial is not None:
            raise Unsupported("argument `initial`")
        axes = axes_list(axis, len(x.shape))
        if image_axes(x, axes):
            pooling = {"ReduceMean": "GlobalAveragePool", "ReduceMax": "GlobalMaxPool"}.get(kind)
            name = e.first(x, out.dtype)
            spatial = list(range(2, len(x.shape)))
            if pooling is None:
                made = reduced(e, kind, name, spatial, keepdims)
            else:
                made = e.graph.op(pooling, name)
                made = made if keepdims else e.graph.op("Squeeze", made, e.graph.ints(*spatial))
            return Value(out, first=made) if keepdims else made
        return reduced(e, kind, e.name(x, out.dtype), axes, keepdims)

    return convert


for _name, _kind in _KINDS.items():
    op(_name)(_reduction(_kind))


def _logical(kind: str) -> Any:
    def convert(e: Exporter, out: Any, x: Any, axis: Any = None, keepdims: bool = False) -> str:
        """Extrema of int32: ONNX's reductions of bools came late, and runtimes lack them."""
        whole = cast_to(e, e.name(x, "bool"), "int32")
        return cast_to(e, reduced(e, kind, whole, axes_list(axis, len(x.shape)), keepdims), "bool")

    return convert


op("all")(_logical("ReduceMin"))
op("any")(_logical("ReduceMax"))


def _moment(e: Exporter, name: str, axes: list[int], keepdims: bool) -> str:
    g = e.graph
    centred = g.op("Sub", name, reduced(e, "ReduceMean", name, axes, True))
    return reduced(e, "ReduceMean", g.op("Mul", centred, centred), axes, keepdims)


@op("var")
def _var(e: Exporter, out: Any, x: Any, axis: Any, keepdims: bool) -> str:
    return _moment(e, e.name(x, out.dtype), axes_list(axis, len(x.shape)), keepdims)


@op("std")
def _std(e: Exporter, out: Any, x: Any, axis: Any, keepdims: bool) -> str:
    found: str = e.graph.op("Sqrt", _var(e, out, x, axis, keepdims))
    return found


@op("moments")
def _moments(e: Exporter, out: Any, x: Any, axes: Any, keepdims: bool, synchronized: bool) -> tuple[str, str]:
    name, over = e.name(x), axes_list(axes, len(x.shape))
    return reduced(e, "ReduceMean", name, over, keepdims), _moment(e, name, over, keepdims)


@op("count_nonzero")
def _count_nonzero(e: Exporter, out: Any, x: Any, axis: Any) -> str:
    there = cast_to(e, e.name(x, "bool"), out.dtype)
    return reduced(e, "ReduceSum", there, axes_list(axis, len(x.shape)), False)


@op("norm")
def _norm(e: Exporter, out: Any, x: Any, ord: Any, axis: Any, keepdims: bool) -> str:
    axes = axes_list(axis, len(x.shape))
    if ord not in (None, 1, 2) or (ord is not None and len(axes) != 1):
        raise Unsupported(f"argument ord={ord!r}")
    return reduced(e, "ReduceL1" if ord == 1 else "ReduceL2", e.name(x, out.dtype), axes, keepdims)


@op("ptp")
def _ptp(e: Exporter, out: Any, x: Any, axis: Any, keepdims: bool) -> str:
    name, axes = e.name(x, out.dtype), axes_list(axis, len(x.shape))
    high, low = reduced(e, "ReduceMax", name, axes, keepdims), reduced(e, "ReduceMin", name, axes, keepdims)
    found: str = e.graph.op("Sub", high, low)
    return found


def _position(kind: str) -> Any:
    def convert(e: Exporter, out: Any, x: Any, axis: int | None, keepdims: bool) -> str:
        name = e.name(x)
        if axis is None:
            name, axis = e.graph.op("Reshape", name, e.graph.ints(-1)), 0
            if keepdims:
                raise Unsupported("keepdims=True without an axis")
        at: str = e.graph.op(kind, name, axis=axis, keepdims=int(keepdims))
        return at if out.dtype == "int64" else cast_to(e, at, out.dtype)

    return convert


op("argmax")(_position("ArgMax"))
op("argmin")(_position("ArgMin"))


@op("cumsum")
def _cumsum(e: Exporter, out: Any, x: Any, axis: int | None, dtype: Any) -> str:
    name = e.name(x, out.dtype)
    if axis is None:
        name, axis = e.graph.op("Reshape", name, e.graph.ints(-1)), 0
    found: str = e.graph.op("CumSum", name, e.graph.constant(axis, "int64"))
    return found


@op("top_k")
def _top_k(e: Exporter, out: Any, x: Any, k: int, sorted: bool) -> tuple[str, str]:
    values, positions = e.graph.op("TopK", e.name(x), e.graph.ints(k), axis=-1, outputs=2)
    wanted = out[1].dtype
    return values, positions if wanted == "int64" else cast_to(e, positions, wanted)


def _sorted(output: int) -> Any:
    def convert(e: Exporter, out: Any, x: Any, axis: int) -> str:
        if axis is None:
            raise Unsupported("axis=None")
        made = e.graph.op("TopK", e.name(x), e.shape_part(x, axis), axis=axis, largest=0, outputs=2)
        name: str = made[output]
        return name if output == 0 or out.dtype == "int64" else cast_to(e, name, out.dtype)

    return convert


op("sort")(_sorted(0))
op("argsort")(_sorted(1))
