"""One generated call of an op, and strategies for the arrays and axes of its arguments."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from support.generated.arrays import SEEDS, ints, optional, shapes

FLOATS = ["float32", "float64", "float16"]
INTEGERS = ["int32", "int64", "int8", "uint8"]
NUMBERS = [*FLOATS[:2], *INTEGERS]
ANY = [*FLOATS, *INTEGERS, "bool"]
SPECIAL = [np.nan, np.inf, -np.inf, -0.0]


class Call(NamedTuple):
    """Positional and keyword arguments."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = {}  # noqa: RUF012


def values(
    seed: int, shape: Any, dtype: str, low: float = -4.0, high: float = 4.0, special: bool = False
) -> np.ndarray:
    """Numbers from low to high; for floats a third of the seeds give halves, which are ties of rounding and of order.
    With `special`, another third has NaN, infinities and -0 among them."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if np.dtype(dtype).kind in "iu":
        low = max(low, np.iinfo(dtype).min)
        return np.asarray(rng.integers(int(np.ceil(low)), max(int(high), int(np.ceil(low))) + 1, shape)).astype(dtype)
    x = np.asarray(rng.uniform(low, high, shape))
    if seed % 3 == 1:
        x = np.clip(np.round(2 * x) / 2, low, high)
    elif seed % 3 == 2 and special:
        x = np.where(rng.random(shape) < 0.3, rng.choice(SPECIAL, shape), x)
    return x.astype(dtype)


@st.composite
def array(
    draw: Any,
    shape: Any = None,
    dtypes: Any = ANY,
    low: float = -4.0,
    high: float = 4.0,
    special: bool = False,
    min_dims: int = 0,
    max_dims: int = 3,
    min_side: int = 1,
) -> np.ndarray:
    """An array of one of the dtypes, of a given shape or of any."""
    shape = draw(shapes(min_dims, max_dims, min_side)) if shape is None else shape
    return values(draw(SEEDS), shape, draw(st.sampled_from(dtypes)), low, high, special)


def axis_of(ndim: int, wrong: bool = True) -> st.SearchStrategy[int]:
    """An axis, counted from either end, in one case of ten out of bounds."""
    right = ints(-ndim, ndim - 1) if ndim else ints(-1, 0)
    return st.integers(0, 9).flatmap(lambda i: st.just(ndim + 1) if wrong and i == 9 else right)


def axes_of(ndim: int) -> st.SearchStrategy[Any]:
    """None, one axis or several."""
    some = st.lists(ints(0, ndim - 1), unique=True, min_size=1).map(tuple) if ndim else st.none()
    return st.one_of(st.none(), axis_of(ndim), some)


@st.composite
def unary(draw: Any, options: dict[str, Any] | None = None, **of: Any) -> Call:
    """One array and any of the options."""
    return Call((draw(array(**of)),), draw(optional(options or {})))


@st.composite
def binary(draw: Any, dtypes: Any = ANY, low: float = -4.0, high: float = 4.0, special: bool = False) -> Call:
    """Two arrays whose shapes broadcast, in one case of ten not; of two dtypes, or one of them a Python number."""
    found = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4)).input_shapes
    if draw(st.integers(0, 9)) == 9:
        found = (draw(shapes(1, 3)), draw(shapes(1, 3)))
    a, b = (draw(array(shape, dtypes, low, high, special)) for shape in found)
    if draw(st.integers(0, 5)) == 5:
        b = values(draw(SEEDS), (), draw(st.sampled_from(dtypes)), low, high).item()
    return Call((a, b))


@st.composite
def reduction(draw: Any, options: dict[str, Any] | None = None, one_axis: bool = False, **of: Any) -> Call:
    """One array, its axis and keepdims."""
    x = draw(array(**of))
    axis = None if not x.ndim else draw(st.one_of(st.none(), axis_of(x.ndim)) if one_axis else axes_of(x.ndim))
    return Call((x,), {"axis": axis, **draw(optional({"keepdims": [True, False], **(options or {})}))})


@st.composite
def along(draw: Any, options: dict[str, Any] | None = None, none: bool = False, **of: Any) -> Call:
    """One array and its axis."""
    x = draw(array(**{"min_dims": 1, **of}))
    axis = draw(st.one_of(st.none(), axis_of(x.ndim)) if none else axis_of(x.ndim))
    return Call((x,), {"axis": axis, **draw(optional(options or {}))})
