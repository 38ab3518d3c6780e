"""Ops that index, scatter, search, sort and count."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from support.generated.arrays import SEEDS, ints, optional, shapes, whole
from support.generated.ops.call import ANY, NUMBERS, Call, along, array, axis_of, unary, values

DTYPES = ["float32", "float64", "int32", "bool", "uint8"]


@st.composite
def slicing(draw: Any, update: bool = False) -> Call:
    x = draw(array(min_dims=1, dtypes=["float32", "int32"]))
    start = [draw(ints(0, d - 1)) for d in x.shape]
    size = [draw(ints(1, d - s)) for d, s in zip(x.shape, start, strict=True)]
    return Call((x, start, draw(array(tuple(size), [str(x.dtype)]))) if update else (x, start, size))


@st.composite
def take(draw: Any) -> Call:
    x = draw(array(min_dims=1))
    axis = draw(st.one_of(st.none(), ints(-x.ndim, x.ndim - 1)))
    n = x.size if axis is None else x.shape[axis]
    return Call((x, whole(draw(SEEDS), draw(shapes(0, 2)), -n, n)), {"axis": axis})


@st.composite
def take_along_axis(draw: Any) -> Call:
    x = draw(array(min_dims=1))
    axis = draw(ints(-x.ndim, x.ndim - 1))
    shape = list(x.shape)
    n, shape[axis] = shape[axis], draw(ints(1, 4))
    return Call((x, whole(draw(SEEDS), shape, -n, n)), {"axis": axis})


@st.composite
def scatter(draw: Any, update: bool) -> Call:
    shape = draw(shapes(1, 3))
    count, depth = draw(ints(1, 4)), draw(ints(1, len(shape)))
    rng = np.random.default_rng(draw(SEEDS))
    indices = np.stack([rng.integers(0, d, count) for d in shape[:depth]], -1).astype("int32")
    new = draw(array((count, *shape[depth:]), ["float32"]))
    if not update:
        return Call((indices, new, shape))
    reduction = draw(st.sampled_from([None, "add", "max", "min", "mul"]))
    if reduction is None:  # of equal indices, any may win
        indices, first = np.unique(indices, axis=0, return_index=True)
        new = new[first]
    return Call((draw(array(shape, ["float32"])), indices, new), {"reduction": reduction} if reduction else {})


@st.composite
def segments(draw: Any) -> Call:
    n, groups = draw(ints(1, 6)), draw(ints(1, 4))
    data = draw(array((n, *draw(shapes(0, 2))), ["float32", "float64", "int32"]))
    ids = np.sort(whole(draw(SEEDS), n, 0, groups))
    return Call((data, ids), {"num_segments": groups, **draw(optional({"sorted": [True]}))})


@st.composite
def argsort(draw: Any) -> Call:
    """Numbers that are all different: Keras's backends differ in the order of equal ones."""
    shape = draw(shapes(1, 3))
    x = np.random.default_rng(draw(SEEDS)).permutation(int(np.prod(shape))).reshape(shape)
    return Call((x.astype(draw(st.sampled_from(NUMBERS))),), {"axis": draw(st.one_of(st.none(), axis_of(x.ndim)))})


@st.composite
def searching(draw: Any, right_name: str) -> Call:
    edges = np.sort(draw(array((draw(ints(1, 5)),), ["float32"])))
    x = draw(array(min_dims=1, max_dims=2, dtypes=["float32"]))
    if right_name == "bins":
        return Call((x, edges))
    return Call((edges, x[..., :] if x.ndim == 1 else x.ravel()), draw(optional({"side": ["left", "right"]})))


@st.composite
def top_k(draw: Any) -> Call:
    x = draw(argsort()).args[0]
    return Call((x, draw(ints(1, x.shape[-1]))), draw(optional({"sorted": [True]})))


@st.composite
def in_top_k(draw: Any) -> Call:
    rows, classes = draw(ints(1, 4)), draw(ints(1, 5))
    return Call(
        (whole(draw(SEEDS), rows, 0, classes), draw(array((rows, classes), ["float32"])), draw(ints(1, classes)))
    )


@st.composite
def one_hot(draw: Any, several: bool) -> Call:
    classes = draw(ints(1, 5))
    x = whole(draw(SEEDS), draw(shapes(1, 2)), 0 if several else -1, classes)
    return Call((x, classes), draw(optional({"axis": [-1] if several else ints(-1, x.ndim), "dtype": DTYPES})))


@st.composite
def diff(draw: Any) -> Call:
    x = draw(array(min_dims=1, min_side=3))
    return Call((x,), {"n": draw(ints(1, 2)), "axis": draw(ints(-x.ndim, x.ndim - 1))})


@st.composite
def trapezoid(draw: Any) -> Call:
    x = draw(array(min_dims=1, dtypes=NUMBERS, min_side=2))
    axis = draw(ints(-x.ndim, x.ndim - 1))
    spaced = {"x": np.sort(values(draw(SEEDS), x.shape[axis], "float32"))}
    return Call((x,), {"axis": axis, **draw(st.sampled_from([{}, {"dx": 0.5}, spaced]))})


@st.composite
def bincount(draw: Any) -> Call:
    x = whole(draw(SEEDS), draw(ints(1, 6)), 0, 5)
    weights = values(draw(SEEDS), x.shape, "float32")
    return Call(
        (x,), {**draw(optional({"minlength": ints(0, 8)})), **draw(st.sampled_from([{}, {"weights": weights}]))}
    )


@st.composite
def unique(draw: Any) -> Call:
    flags = {f"return_{name}": [True] for name in ("inverse", "index", "counts")}
    return Call((draw(array(min_dims=1, max_dims=2, dtypes=NUMBERS, low=-2, high=2)),), draw(optional(flags)))


@st.composite
def isin(draw: Any) -> Call:
    xs = draw(array(dtypes=["int32", "float32"])), draw(array(dtypes=["int32", "float32"]))
    return Call(xs, draw(optional({"invert": [True]})))


@st.composite
def unravel_index(draw: Any) -> Call:
    shape = draw(shapes(1, 3))
    return Call((whole(draw(SEEDS), draw(shapes(0, 2)), 0, int(np.prod(shape))), shape))


@st.composite
def select(draw: Any) -> Call:
    shape, n = draw(shapes(0, 3)), draw(ints(1, 3))
    conditions = [draw(array(shape, ["bool"])) for _ in range(n)]
    return Call((conditions, [draw(array(shape, NUMBERS)) for _ in range(n)]), draw(optional({"default": [0, 9]})))


@st.composite
def histogram(draw: Any) -> Call:
    x = draw(array(min_dims=1, max_dims=2, dtypes=["float32", "int32"]))
    return Call((x,), draw(optional({"bins": ints(1, 6), "range": [(-2, 2)]})))


INDEXING: dict[str, st.SearchStrategy[Call]] = {
    "slice": slicing(),
    "slice_update": slicing(update=True),
    "take": take(),
    "take_along_axis": take_along_axis(),
    "scatter": scatter(False),
    "scatter_update": scatter(True),
    **{f"segment_{name}": segments() for name in ("sum", "max", "min", "prod")},
    "sort": along(dtypes=ANY),
    "argsort": argsort(),
    "searchsorted": searching("side"),
    "digitize": searching("bins"),
    "top_k": top_k(),
    "in_top_k": in_top_k(),
    "one_hot": one_hot(False),
    "multi_hot": one_hot(True),
    "diff": diff(),
    "trapezoid": trapezoid(),
    "bincount": bincount(),
    "nonzero": unary(min_dims=1),
    "unique": unique(),
    "isin": isin(),
    "unravel_index": unravel_index(),
    "select": select(),
    "histogram": histogram(),
    "get_item": st.tuples(array((3, 4)), st.sampled_from([0, -1, slice(1, 3), (slice(None), 2), (None, 1), ...])).map(
        Call
    ),
}
