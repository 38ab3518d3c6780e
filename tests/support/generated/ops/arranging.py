"""Ops that rearrange, join and split arrays."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support.generated.arrays import SEEDS, ints, optional, shapes, whole
from support.generated.ops.call import NUMBERS, Call, along, array, axis_of, unary


@st.composite
def reshape(draw: Any) -> Call:
    x = draw(array())
    target = list(draw(st.permutations(x.shape)))
    if target and draw(st.booleans()):
        target[draw(ints(0, len(target) - 1))] = -1
    return Call((x, tuple(target)))


@st.composite
def transpose(draw: Any) -> Call:
    x = draw(array())
    return Call((x,), {"axes": draw(st.sampled_from([None, draw(st.permutations(range(x.ndim)))]))})


@st.composite
def axis_pair(draw: Any) -> Call:
    x = draw(array(min_dims=1))
    return Call((x, draw(axis_of(x.ndim)), draw(axis_of(x.ndim))))


@st.composite
def expand_dims(draw: Any) -> Call:
    x = draw(array())
    return Call((x, draw(axis_of(x.ndim + 1))))


@st.composite
def squeeze(draw: Any) -> Call:
    shape = [d if draw(st.booleans()) else 1 for d in draw(shapes(1, 3))]
    return Call((draw(array(shape)),), {"axis": draw(st.one_of(st.none(), axis_of(len(shape))))})


@st.composite
def broadcast_to(draw: Any) -> Call:
    target = draw(shapes(1, 3))
    shape = [d if draw(st.booleans()) else 1 for d in target][draw(ints(0, len(target))) :]
    return Call((draw(array(shape)), target))


@st.composite
def flip(draw: Any, least: int, named: bool) -> Call:
    x = draw(array(min_dims=least))
    return Call((x,), {"axis": draw(st.one_of(st.none(), axis_of(x.ndim)))} if named else {})


@st.composite
def roll(draw: Any) -> Call:
    x = draw(array(min_dims=1))
    if draw(st.booleans()):
        return Call((x, draw(ints(-4, 9))), {"axis": draw(st.one_of(st.none(), axis_of(x.ndim)))})
    return Call((x, tuple(draw(ints(-4, 4)) for _ in x.shape)), {"axis": tuple(range(x.ndim))})


@st.composite
def rot90(draw: Any) -> Call:
    x = draw(array(min_dims=2))
    axes = draw(st.permutations(range(x.ndim)))[:2]
    return Call((x,), {"k": draw(ints(-5, 5)), "axes": tuple(axes)})


@st.composite
def repeat(draw: Any) -> Call:
    x = draw(array(min_dims=1))
    axis = draw(st.one_of(st.none(), ints(-x.ndim, x.ndim - 1)))
    n = x.size if axis is None else x.shape[axis]
    return Call((x, draw(st.one_of(ints(0, 3), st.just(whole(draw(SEEDS), n, 0, 3))))), {"axis": axis})


@st.composite
def tile(draw: Any) -> Call:
    x = draw(array())
    return Call((x, draw(st.one_of(ints(1, 3), st.lists(ints(1, 2), min_size=1, max_size=4)))))


@st.composite
def pad(draw: Any) -> Call:
    x = draw(array(min_dims=1, min_side=3, dtypes=NUMBERS))
    widths = draw(st.one_of(ints(0, 2), st.just([(draw(ints(0, 2)), draw(ints(0, 2))) for _ in x.shape])))
    mode = draw(st.sampled_from(["constant", "constant", "reflect", "symmetric", "edge", "wrap"]))
    more = {"constant_values": draw(ints(0, 9))} if mode == "constant" and draw(st.booleans()) else {}
    return Call((x, widths), {"mode": mode, **more})


@st.composite
def joined(draw: Any, same: bool, named: bool = True) -> Call:
    """Two or three arrays of mixed dtypes, equal but for the axis along which they are joined."""
    shape = list(draw(shapes(1, 3)))
    axis = draw(ints(-len(shape), len(shape) - 1))
    xs = []
    for _ in range(draw(ints(1, 3))):
        if not same:
            shape[axis] = draw(ints(1, 4))
        xs.append(draw(array(tuple(shape))))
    return Call((xs,), {"axis": axis} if named else {})


@st.composite
def append(draw: Any) -> Call:
    call = draw(joined(False).filter(lambda c: len(c.args[0]) > 1))
    return Call(tuple(call.args[0][:2]), draw(st.sampled_from([call.kwargs, {}])))


@st.composite
def splitting(draw: Any, uneven: bool = False, least: int = 1, named: bool = True) -> Call:
    x = draw(array(min_dims=least))
    axis = draw(ints(-x.ndim, x.ndim - 1))
    parts = draw(st.one_of(ints(1, 4), st.lists(ints(0, 4), max_size=3).map(sorted)))
    if uneven and not isinstance(parts, int):
        parts = 3
    return Call((x, parts), {"axis": axis} if named else {})


@st.composite
def triangle(draw: Any) -> Call:
    return Call((draw(array(min_dims=2)),), draw(optional({"k": ints(-3, 3)})))


@st.composite
def diagonal(draw: Any) -> Call:
    x = draw(array(min_dims=2))
    a, b = draw(st.permutations(range(x.ndim)))[:2]
    return Call((x,), {"offset": draw(ints(-1, 1)), "axis1": a, "axis2": b})


ARRANGING: dict[str, st.SearchStrategy[Call]] = {
    "reshape": reshape(),
    "ravel": unary(),
    "transpose": transpose(),
    "swapaxes": axis_pair(),
    "moveaxis": axis_pair(),
    "expand_dims": expand_dims(),
    "squeeze": squeeze(),
    "broadcast_to": broadcast_to(),
    "flip": flip(0, True),
    "fliplr": flip(2, False),
    "flipud": flip(1, False),
    "roll": roll(),
    "rot90": rot90(),
    "repeat": repeat(),
    "tile": tile(),
    "pad": pad(),
    "concatenate": joined(False),
    "stack": joined(True),
    **{name: joined(True, named=False) for name in ("hstack", "vstack", "dstack")},
    "append": append(),
    "split": splitting(),
    "array_split": splitting(uneven=True),
    **{name: splitting(least=n, named=False) for name, n in (("vsplit", 1), ("hsplit", 1), ("dsplit", 3))},
    "unstack": along(),
    "tril": triangle(),
    "triu": triangle(),
    "diag": unary({"k": ints(-2, 2)}, min_dims=1, max_dims=2),
    "diagflat": unary({"k": ints(-2, 2)}),
    "diagonal": diagonal(),
    "trace": diagonal(),
    "vander": unary({"N": ints(1, 4), "increasing": [True]}, min_dims=1, max_dims=1, dtypes=NUMBERS),
}
