"""Elementwise ops, comparisons, activations and reductions."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from support.generated.arrays import SEEDS, ints, optional
from support.generated.ops.call import (
    ANY,
    FLOATS,
    INTEGERS,
    NUMBERS,
    Call,
    along,
    array,
    axes_of,
    binary,
    reduction,
    unary,
    values,
)

WHOLE = [*INTEGERS, "bool"]


@st.composite
def where(draw: Any) -> Call:
    call = draw(binary())
    shape = np.broadcast_shapes(np.shape(call.args[0]), ())
    return Call((draw(array(shape, ["bool"])), *call.args))


@st.composite
def clip(draw: Any) -> Call:
    x = draw(array(special=True))
    low, high = sorted(values(draw(SEEDS), 2, draw(st.sampled_from(["float32", "int32"]))).tolist())
    return Call((x, low, high))


@st.composite
def average(draw: Any) -> Call:
    x = draw(array(dtypes=NUMBERS, min_dims=1))
    axis = draw(st.one_of(st.none(), ints(-x.ndim, x.ndim - 1)))
    kind = draw(st.sampled_from(["none", "all", "axis"] if axis is not None else ["none", "all"]))
    weights = {"none": None, "all": x.shape, "axis": x.shape[axis or 0]}[kind]
    return Call(
        (x,), {"axis": axis} | ({} if weights is None else {"weights": values(draw(SEEDS), weights, "float32", 0.5, 2)})
    )


@st.composite
def quantile(draw: Any, top: float) -> Call:
    x = draw(array(dtypes=NUMBERS, min_dims=1))
    q = draw(st.sampled_from([0.0, 0.25 * top, top, [0.125 * top, 0.5 * top]]))
    more = optional({"keepdims": [True], "method": ["lower", "higher", "midpoint", "nearest"]})
    return Call((x, q), {"axis": draw(axes_of(x.ndim)), **draw(more)})


@st.composite
def moments(draw: Any) -> Call:
    x = draw(array(dtypes=["float32", "float64"], min_dims=1))
    return Call(
        (x,),
        {"axes": draw(st.lists(ints(0, x.ndim - 1), unique=True, min_size=1)), **draw(optional({"keepdims": [True]}))},
    )


@st.composite
def softmax(draw: Any) -> Call:
    x = draw(array(dtypes=FLOATS, min_dims=1))
    axis = st.lists(ints(0, x.ndim - 1), unique=True, min_size=1).map(tuple)
    return Call((x,), {"axis": draw(st.one_of(ints(-x.ndim, x.ndim - 1), axis))})


@st.composite
def glu(draw: Any) -> Call:
    x = draw(array(dtypes=FLOATS, min_dims=1, min_side=2))
    return Call((x,), {"axis": draw(ints(-x.ndim, x.ndim - 1))})


@st.composite
def median(draw: Any, special: bool = False) -> Call:
    return draw(reduction(dtypes=NUMBERS, special=special, min_dims=1))


REAL = {"special": True}
ELEMENTWISE: dict[str, st.SearchStrategy[Call]] = {
    **{
        name: unary(special=True)
        for name in "abs absolute ceil conj conjugate exp exp2 expm1 fabs floor i0 imag isfinite isinf isnan isneginf "
        "isposinf isreal logical_not nan_to_num real sign signbit sin sinc cos sqrt square trunc arctan arcsinh "
        "sinh cosh tanh deg2rad rad2deg cbrt log log1p log2 log10 rsqrt arcsin arccos arctanh arccosh angle".split()
    },
    "negative": unary(dtypes=[*FLOATS, *INTEGERS], special=True),
    "reciprocal": unary(dtypes=FLOATS, special=True),
    "tan": unary(low=-1.4, high=1.4),
    "round": unary({"decimals": ints(-1, 2)}),
    "erf": unary(dtypes=FLOATS, special=True),
    "erfc": unary(dtypes=FLOATS, special=True),
    "erfinv": unary(dtypes=FLOATS, low=-0.99, high=0.99),
    **{
        name: unary(dtypes=FLOATS)
        for name in "hard_sigmoid hard_silu hard_swish hard_tanh hard_shrink log_sigmoid relu relu6 selu sigmoid silu "
        "soft_shrink softplus softsign sparse_plus sparse_sigmoid squareplus swish tanh_shrink".split()
    },
    "gelu": unary({"approximate": [True, False]}, dtypes=FLOATS),
    "leaky_relu": unary({"negative_slope": [0.05]}, dtypes=FLOATS),
    **{name: unary({"alpha": [0.7, 2.0]}, dtypes=FLOATS) for name in ("elu", "celu")},
    "threshold": unary(dtypes=FLOATS).map(lambda c: Call((*c.args, 0.1, 0.7))),
    "glu": glu(),
    "softmax": softmax(),
    "log_softmax": softmax(),
    "sparsemax": unary(dtypes=["float32", "float64"], min_dims=1),
    **{name: binary(special=True) for name in "add subtract multiply maximum minimum fmax fmin".split()},
    **{name: binary(special=True) for name in "equal not_equal less less_equal greater greater_equal".split()},
    **{name: binary() for name in "logical_and logical_or logical_xor".split()},
    **{
        name: binary(special=True)
        for name in "divide true_divide divide_no_nan arctan2 hypot logaddexp heaviside".split()
    },
    "logaddexp2": binary(),
    "power": binary(low=0.5, high=3.0),
    **{name: binary(NUMBERS) for name in "floor_divide mod fmod".split()},
    "nextafter": binary(["float32", "float64"]),
    **{name: binary(INTEGERS[:3]) for name in ("gcd", "lcm")},
    **{f"bitwise_{name}": binary(WHOLE) for name in ("and", "or", "xor")},
    **{
        name: binary(INTEGERS[:2], 0, 6)
        for name in "bitwise_left_shift bitwise_right_shift left_shift right_shift".split()
    },
    **{name: unary(dtypes=WHOLE) for name in ("bitwise_not", "bitwise_invert")},
    "ldexp": st.tuples(array((2, 3), FLOATS), array((3,), ["int32"], -3, 4)).map(Call),
    **{
        name: binary(NUMBERS, special=True).map(lambda c: c._replace(kwargs={"atol": 0.6}))
        for name in ("isclose", "allclose")
    },
    "where": where(),
    "clip": clip(),
    "sum": reduction(dtypes=ANY),
    "prod": reduction(dtypes=ANY, low=-2, high=2),
    "mean": reduction(dtypes=ANY),
    "var": reduction(dtypes=ANY),
    "std": reduction(dtypes=ANY),
    **{name: reduction({"initial": [1]}, dtypes=[*FLOATS, *INTEGERS]) for name in ("max", "min")},
    **{name: reduction(dtypes=[*FLOATS, *INTEGERS]) for name in ("amax", "amin")},
    **{name: reduction() for name in ("any", "all")},
    **{name: reduction(one_axis=True) for name in ("argmax", "argmin")},
    "count_nonzero": unary(min_dims=1).flatmap(
        lambda c: axes_of(c.args[0].ndim).map(lambda a: c._replace(kwargs={"axis": a}))
    ),
    "logsumexp": reduction(dtypes=FLOATS),
    "ptp": reduction(dtypes=NUMBERS, min_dims=1),
    "average": average(),
    "moments": moments(),
    "median": median(),
    "quantile": quantile(1.0),
    "percentile": quantile(100.0),
    "nanquantile": quantile(1.0),
    "nanpercentile": quantile(100.0),
    "nanmedian": median(special=True),
    **{f"nan{name}": reduction(dtypes=NUMBERS, **REAL) for name in "sum mean var std max min".split()},
    "nanprod": reduction(dtypes=NUMBERS, low=-2, high=2, special=True),
    **{f"nan{name}": reduction(one_axis=True, dtypes=NUMBERS) for name in ("argmax", "argmin")},
    **{
        name: along({"dtype": ["float32", "int32"]}, none=True, dtypes=ANY, low=-2, high=2)
        for name in ("cumsum", "cumprod")
    },
    **{f"nan{name}": along(none=True, dtypes=ANY, low=-2, high=2, special=True) for name in ("cumsum", "cumprod")},
}
