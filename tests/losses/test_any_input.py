"""Losses and metrics take NumPy arrays of any memory layout and dtype, or raise an error that names the problem."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import Variable, losses, metrics, optimizers

N, C = 6, 4


def base(name: str):
    rng = np.random.default_rng(len(name))
    x = rng.dirichlet(np.ones(C), N)
    if name == "ctc":
        return rng.integers(1, C, (N, 2)), np.stack([x] * 5, 1)
    if name.startswith("sparse") or name == "circle":
        return rng.integers(0, C, N), x
    return np.eye(C)[rng.integers(0, C, N)], x


def misaligned(a):
    raw = np.zeros(a.nbytes + 1, np.uint8)
    view = raw[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS = {
    "fortran": np.asfortranarray,
    "negative stride": lambda a: a[::-1].copy()[::-1],
    "every other": lambda a: np.repeat(a, 2, axis=0)[::2],
    "misaligned": misaligned,
    "read only": read_only,
    "big endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "list": lambda a: a.tolist(),
    "float16": lambda a: a.astype("float16"),
    "long double": lambda a: a.astype("longdouble") if a.dtype.kind == "f" else a,
}
LEFT_OUT = ("get", "serialize", "deserialize", "categorical_generalized_cross_entropy")  # the last has no default of q
FUNCTIONS = [f for f in losses.__all__ if f[0].islower() and f not in LEFT_OUT]
METRICS = ["accuracy", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", [*FUNCTIONS, *METRICS])
def test_layouts(name, layout):
    f = getattr(losses if name in FUNCTIONS else metrics, name)
    t, x = base(name)
    change = LAYOUTS[layout]
    loose = layout in ("list", "float16")
    np.testing.assert_allclose(
        np.asarray(f(change(t), change(x))),
        np.asarray(f(t, x)),
        rtol=2e-2 if layout == "float16" else 1e-5 if loose else 0,
    )


BAD = {
    "strings": np.array([["a"] * C] * N),
    "objects": np.array([[object()] * C] * N),
    "ragged": [[1.0], [1.0, 2.0]],
    "none": None,
    "complex": np.ones((N, C), complex),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", [*FUNCTIONS, *METRICS])
def test_what_is_no_array_of_numbers_is_told(name, bad):
    f = getattr(losses if name in FUNCTIONS else metrics, name)
    t, x = base(name)
    for arguments in ((t, BAD[bad]), (BAD[bad], x)):
        with pytest.raises((TypeError, ValueError)) as error:
            f(*arguments)
        assert str(error.value)


@pytest.mark.parametrize("name", [*FUNCTIONS, *METRICS])
def test_extents_of_zero(name):
    f = getattr(losses if name in FUNCTIONS else metrics, name)
    t, x = base(name)
    if name not in ("dice", "tversky"):
        assert np.asarray(f(t[:0], x[:0])).shape in ((0,), (0, C))
    for arguments in ((np.zeros((N, 0)), np.zeros((N, 0))), (np.zeros(()), np.zeros(()))):
        try:
            f(*arguments)
        except (TypeError, ValueError) as error:
            assert str(error)  # noqa: PT017


def test_an_optimizer_names_a_gradient_that_does_not_fit():
    w = Variable(np.zeros((2, 3)), name="kernel")
    for bad in (np.zeros((3, 2)), np.zeros(6), 1.0):
        with pytest.raises(ValueError, match=r"'kernel': expected shape \(2, 3\)"):
            optimizers.SGD().apply([bad], [w])
    for gradient in (np.asfortranarray(np.ones((2, 3))), np.ones((2, 3), ">f8"), np.ones((2, 3), int).tolist()):
        w.assign(np.zeros((2, 3)))
        optimizers.SGD(1.0).apply([gradient], [w])
        np.testing.assert_array_equal(w.numpy(), -1)
