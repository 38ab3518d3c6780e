"""Products, linear algebra, Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from support.generated.arrays import SEEDS, ints, normal, optional, shapes
from support.generated.ops.call import NUMBERS, Call, array

TYPES = ["float32", "float32", "float64"]
PRODUCTS = ["float32", "float64", "int32", "int8"]


def matrix(draw: Any, *shape: int, dtype: str = "float64") -> np.ndarray:
    return normal(draw(SEEDS), shape).astype(dtype)


@st.composite
def square(draw: Any, options: dict[str, Any] | None = None, definite: bool = False, batch: bool = True) -> Call:
    """A well-conditioned square matrix, or a symmetric positive definite one; or a batch of them."""
    n = draw(ints(1, 4))
    a = matrix(draw, *(draw(shapes(0, 1)) if batch else ()), n, n)
    a = a @ np.swapaxes(a, -1, -2) + np.eye(n) if definite else a + 3 * np.eye(n)
    return Call((a.astype(draw(st.sampled_from(TYPES))),), draw(optional(options or {})))


@st.composite
def rectangle(draw: Any, options: dict[str, Any] | None = None) -> Call:
    a = matrix(draw, *draw(shapes(0, 1)), draw(ints(1, 4)), draw(ints(1, 4)), dtype=draw(st.sampled_from(TYPES)))
    return Call((a,), draw(optional(options or {})))


@st.composite
def solving(draw: Any, vector: bool, options: dict[str, Any] | None = None) -> Call:
    a = draw(square()).args[0]
    if not options:
        a = a[0] if a.ndim > 2 and vector and draw(st.booleans()) else a
    b = matrix(draw, *a.shape[:-1], draw(ints(1, 3)), dtype=str(a.dtype))
    return Call((a, b[..., 0] if vector and a.ndim == 2 and draw(st.booleans()) else b), draw(optional(options or {})))


@st.composite
def lstsq(draw: Any) -> Call:
    n = draw(ints(1, 4))
    a = matrix(draw, n, draw(ints(1, 4)), dtype="float64")
    return Call((a, matrix(draw, *draw(st.sampled_from([(n,), (n, 2)])))))


@st.composite
def norm(draw: Any) -> Call:
    x = draw(array(dtypes=["float32", "float64", "int32"], min_dims=1))
    if x.ndim > 1 and draw(st.booleans()):
        axes = tuple(draw(st.permutations(range(x.ndim)))[:2])
        return Call(
            (x,), {"axis": axes, **draw(optional({"ord": [None, "fro", 1, -1, 2, np.inf], "keepdims": [True]}))}
        )
    axis = draw(ints(-x.ndim, x.ndim - 1))
    return Call((x,), {"axis": axis, **draw(optional({"ord": [0, 1, 2, 3, np.inf, -np.inf], "keepdims": [True]}))})


@st.composite
def matmul(draw: Any) -> Call:
    n, k, m = (draw(ints(1, 4)) for _ in range(3))
    batch = draw(shapes(0, 2, max_side=3))
    left = draw(st.sampled_from([(*batch, n, k), (n, k), (k,)]))
    right = draw(st.sampled_from([(*batch, k, m), (k, m), (k,), (k + 1, m)]))
    return Call((draw(array(left, PRODUCTS)), draw(array(right, PRODUCTS))))


@st.composite
def dot(draw: Any) -> Call:
    k = draw(ints(1, 4))
    left = draw(st.sampled_from([(), (k,), (3, k), (2, 3, k)]))
    right = draw(st.sampled_from([(), (k,), (k, 3), (2, k, 3)]))
    return Call((draw(array(left, PRODUCTS)), draw(array(right, PRODUCTS))))


@st.composite
def tensordot(draw: Any) -> Call:
    shape = draw(shapes(1, 3))
    n = draw(ints(0, len(shape)))
    a = draw(array(shape, NUMBERS[:3]))
    if draw(st.booleans()):
        return Call((a, draw(array((*shape[len(shape) - n :], *draw(shapes(0, 1))), NUMBERS[:3]))), {"axes": n})
    axes = draw(st.permutations(range(len(shape))))[:n]
    b = draw(array(tuple(shape[i] for i in axes), NUMBERS[:3]))
    return Call((a, b), {"axes": [list(axes), list(range(n))]})


@st.composite
def pair(draw: Any, same_size: bool = False, last: bool = False) -> Call:
    shape = draw(shapes(0 if not last else 1, 3))
    other = shape if same_size else (*draw(shapes(0, 1)), shape[-1]) if last and shape else draw(shapes(0, 2))
    return Call((draw(array(shape, NUMBERS)), draw(array(other, NUMBERS))))


@st.composite
def einsum(draw: Any) -> Call:
    sizes = {c: draw(ints(1, 4)) for c in "abcd"}
    equation = draw(
        st.sampled_from(
            "ab,bc->ac ab,bc abc,cd->abd abc,abd->acd ab,ab-> ab->ba aab->b ab,b->a abc,bcd,d->a a,b->ab "
            "...a,ab->...b".split()
        )
    )
    inputs = equation.split("->")[0].replace("...", "cd").split(",")
    return Call((equation, *(draw(array(tuple(sizes[c] for c in t), ["float32", "float64", "int32"])) for t in inputs)))


@st.composite
def cross(draw: Any) -> Call:
    shape = (*draw(shapes(0, 2)), 3)
    return Call((draw(array(shape, NUMBERS[:3])), draw(array(shape, NUMBERS[:3]))))


@st.composite
def correlate(draw: Any) -> Call:
    a, b = (draw(array((draw(ints(1, 6)),), NUMBERS)) for _ in range(2))
    return Call((a, b), draw(optional({"mode": ["valid", "same", "full"]})))


@st.composite
def cdist(draw: Any) -> Call:
    batch, d = draw(shapes(0, 1)), draw(ints(1, 4))
    return Call(tuple(matrix(draw, *batch, draw(ints(1, 4)), d, dtype="float32") for _ in range(2)))


@st.composite
def complex_pair(draw: Any, options: dict[str, Any], dims: int) -> Call:
    shape = draw(shapes(dims, 3))
    return Call(
        ((matrix(draw, *shape, dtype="float32"), matrix(draw, *shape, dtype="float32")),), draw(optional(options))
    )


@st.composite
def rearrange(draw: Any) -> Call:
    x = draw(array((2, 3, 4)))
    pattern, sizes = draw(
        st.sampled_from([("a b c -> c (a b)", {}), ("a b (c d) -> (b d) a c", {"d": 2}), ("a b c -> a c b", {})])
    )
    return Call((x, pattern), sizes)


@st.composite
def stft(draw: Any) -> Call:
    length, step = draw(ints(4, 8)), draw(ints(1, 4))
    more = optional({"window": ["hann", "hamming", None], "center": [False]})
    return Call((matrix(draw, *draw(shapes(0, 1)), draw(ints(16, 24)), dtype="float32"), length, step, 8), draw(more))


@st.composite
def istft(draw: Any) -> Call:
    shape = (*draw(shapes(0, 1)), draw(ints(4, 6)), 5)
    parts = (matrix(draw, *shape, dtype="float32"), matrix(draw, *shape, dtype="float32"))
    return Call((parts, 8, draw(ints(1, 3)), 8), draw(optional({"window": ["hann", "hamming"], "length": [10]})))


ALGEBRA: dict[str, st.SearchStrategy[Call]] = {
    "matmul": matmul(),
    "dot": dot(),
    "tensordot": tensordot(),
    "vdot": pair(same_size=True),
    "inner": pair(last=True),
    "outer": pair(),
    "kron": pair(),
    "einsum": einsum(),
    "cross": cross(),
    "correlate": correlate(),
    "cdist": cdist(),
    "corrcoef": array((3, 4), TYPES).map(lambda x: Call((x,))),
    "rearrange": rearrange(),
    "extract_sequences": st.tuples(array((2, 7), TYPES), ints(1, 4), ints(1, 3)).map(Call),
    "cholesky": square({"upper": [True, False]}, definite=True),
    "cholesky_inverse": square({"upper": [True, False]}, definite=True, batch=False).map(
        lambda c: Call((np.tril(c.args[0]),))
    ),
    **{name: square(batch=True) for name in ("det", "inv", "slogdet")},
    "logdet": square(definite=True),
    "eigh": square(definite=True),
    "matrix_rank": rectangle(),
    "lu_factor": square(),
    "pinv": rectangle(),
    "qr": rectangle({"mode": ["reduced", "complete"]}),
    "svd": rectangle({"full_matrices": [True, False], "compute_uv": [True, False]}),
    "solve": solving(True),
    "solve_triangular": solving(False, {"lower": [True, False]}),
    "lstsq": lstsq(),
    "norm": norm(),
    "fft": complex_pair({}, 1),
    **{name: complex_pair({}, 2) for name in ("fft2", "ifft2")},
    "rfft": st.tuples(array(None, TYPES, min_dims=1), st.sampled_from([None, 3, 6])).map(Call),
    "irfft": complex_pair({"fft_length": [None, 4, 7]}, 1).filter(lambda c: c.args[0][0].shape[-1] > 1),
    "stft": stft(),
    "istft": istft(),
}
