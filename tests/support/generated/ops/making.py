"""Ops that make and convert arrays, and questions about them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support.generated.arrays import ints, optional, shapes
from support.generated.ops.call import ANY, Call, array, unary

DTYPES = ["float32", "float64", "int32", "bool", "uint8"]


@st.composite
def meshgrid(draw: Any) -> Call:
    return Call(
        tuple(draw(array((n,))) for n in draw(st.lists(ints(1, 4), min_size=1, max_size=3))),
        draw(optional({"indexing": ["xy", "ij"]})),
    )


@st.composite
def ranges(draw: Any, kind: str) -> Call:
    shape = draw(shapes(0, 2))
    low, high = (1.0, 4.0) if kind == "geom" else (-2.0, 2.0)
    ends = [draw(array(shape, ["float32"], low, high)) for _ in range(2)]
    more = {"num": ints(1, 6), "endpoint": [False], "axis": ints(-1, len(shape))}
    more |= {"base": [2.0]} if kind == "log" else {"retstep": [True], "num": ints(2, 6)} if kind == "lin" else {}
    return Call(tuple(ends), draw(optional(more)))


@st.composite
def arange(draw: Any) -> Call:
    number = st.one_of(ints(-5, 5), st.sampled_from([-1.5, 0.25, 2.5]))
    step = {"step": draw(st.sampled_from([1, 2, -1, 0.5]))} if draw(st.booleans()) else {}
    return Call((draw(number), draw(number)), step | draw(optional({"dtype": ["float32", "int32"]})))


@st.composite
def new(draw: Any, value: bool = False, like: bool = False) -> Call:
    first = draw(array()) if like else draw(shapes(0, 3, min_side=0))
    filled = (draw(st.sampled_from([2, 1.5, True])),) if value else ()
    return Call((first, *filled), draw(optional({"dtype": DTYPES})))


@st.composite
def eye(draw: Any, tri: bool = False) -> Call:
    more = {"M": ints(1, 4), "k": ints(-2, 2), "dtype": DTYPES}
    return Call((draw(ints(1, 4)),), draw(optional(more)))


MAKING: dict[str, st.SearchStrategy[Call]] = {
    "meshgrid": meshgrid(),
    "linspace": ranges("lin"),
    "logspace": ranges("log"),
    "geomspace": ranges("geom"),
    "arange": arange(),
    **{name: new() for name in ("zeros", "ones")},
    **{name: new(like=True) for name in ("zeros_like", "ones_like")},
    "full": new(value=True),
    "full_like": new(value=True, like=True),
    "eye": eye(),
    "tri": eye(tri=True),
    "identity": ints(1, 4).flatmap(lambda n: optional({"dtype": DTYPES}).map(lambda kw: Call((n,), kw))),
    **{name: ints(1, 9).map(lambda n: Call((n,))) for name in ("bartlett", "blackman", "hamming", "hanning")},
    "kaiser": ints(1, 9).map(lambda n: Call((n, 8.6))),
    "cast": st.tuples(array(low=0, high=100), st.sampled_from(ANY)).map(Call),
    "saturate_cast": st.tuples(array(low=-300, high=300, special=True), st.sampled_from(ANY)).map(Call),
    "view": st.tuples(array((2, 4), ["float32", "int32", "uint8"]), st.sampled_from(["int32", "float32", "uint8"])).map(
        Call
    ),
    **{name: unary() for name in ("copy", "stop_gradient", "array", "convert_to_tensor", "convert_to_numpy")},
    **{name: unary() for name in ("shape", "ndim", "size", "dtype")},
}
