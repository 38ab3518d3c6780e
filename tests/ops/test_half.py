"""float16 and bfloat16: conversions bit by bit against NumPy and ml_dtypes; ops on arrays of these types."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

import netlet
from netlet import Variable, _core, layers, ops
from netlet.saving.netlet_file.container import Container, write_container
from support.guarded import guarded

HALVES = {"float16": np.dtype(np.float16), "bfloat16": np.dtype(ml_dtypes.bfloat16)}
FRACTION_BITS = {"float16": 10, "bfloat16": 7}


@pytest.fixture(params=HALVES)
def half(request):
    return request.param


def every_half(half: str) -> np.ndarray:
    return np.arange(65536, dtype=np.uint16).view(HALVES[half])


def numpy_cast(x: np.ndarray, dtype) -> np.ndarray:
    with np.errstate(all="ignore"):
        return x.astype(dtype)


def quiet(bits: np.ndarray, half: str) -> np.ndarray:
    """The half-precision bits of a float32 NaN with the given bits, as documented in simd/half.h."""
    sign = (bits >> 16 & 0x8000).astype(np.uint16)
    if half == "bfloat16":
        return sign | np.uint16(0x7FC0)
    return sign | np.uint16(0x7E00) | (bits >> 13 & 0x3FF).astype(np.uint16)


def check_down(bits: np.ndarray, half: str) -> None:
    x = bits.view(np.float32)
    got, nan = _core.cast(x, half).numpy().view(np.uint16), np.isnan(x)
    assert np.array_equal(got[~nan], numpy_cast(x, HALVES[half]).view(np.uint16)[~nan])
    assert np.array_equal(got[nan], quiet(bits[nan], half))


# ---- conversions -----------------------------------------------------------------------------------------------------
def test_every_half_up(isa, half):
    x = every_half(half)
    got, want = _core.cast(x, "float32").numpy().view(np.uint32), x.astype(np.float32).view(np.uint32)
    nan = np.isnan(x.astype(np.float32))
    assert np.array_equal(got[~nan], want[~nan])
    # In NumPy a signalling NaN remains one; netlet makes it quiet with the same payload. bfloat16 NaNs keep their bits.
    assert np.array_equal(got[nan], want[nan] | (0x400000 if half == "float16" else 0))
    assert np.array_equal(_core.cast(x, "float64")[~nan], numpy_cast(x, np.float64)[~nan])


def test_every_half_comes_back(isa, half):
    x = every_half(half)
    back, nan = _core.cast(_core.cast(x, "float32"), half).numpy(), np.isnan(x.astype(np.float32))
    assert np.array_equal(back.view(np.uint16)[~nan], x.view(np.uint16)[~nan])
    assert np.isnan(back[nan].astype(np.float32)).all()


def test_float32_down_around_every_rounding_boundary(isa, half):
    """Every sign, exponent and upper mantissa, with lower bits at, just below and just above each halfway point."""
    upper = np.arange(65536, dtype=np.uint32) << 16
    steps = [0, 1, 0x0FFF, 0x1000, 0x1001, 0x1FFF, 0x2FFF, 0x3000, 0x3001, 0x7FFF, 0x8000, 0x8001, 0xFFFF]
    for lower in steps:
        check_down(upper | np.uint32(lower), half)


def test_float32_down_at_random(isa, half):
    check_down(np.random.default_rng(0).integers(0, 2**32, 1_000_000, dtype=np.uint32), half)


@pytest.mark.slow
def test_every_float32_down(isa, half):
    for first in range(0, 2**32, 2**26):
        check_down(np.arange(first, first + 2**26, dtype=np.uint64).astype(np.uint32), half)


def nearest(x: float, half: str) -> float:
    """x rounded once to the 16-bit type, half to even, in rational arithmetic."""
    bits = FRACTION_BITS[half]
    lowest = -14 if half == "float16" else -126
    exponent = max(int(np.frexp(x)[1]) - 1, lowest)
    unit = Fraction(2) ** (exponent - bits)
    rounded = round(Fraction(x) / unit) * unit  # Python rounds a Fraction half to even
    limit = Fraction(2) ** ((15 if half == "float16" else 127) + 1)
    return np.copysign(np.inf, x) if abs(rounded) >= limit else float(rounded)


def test_float64_is_rounded_once(isa, half):
    """Not via float32, where a number close to a halfway point would first be rounded to that point."""
    x = numpy_cast(every_half(half), np.float64)
    x = x[np.isfinite(x)]
    x = x[np.random.default_rng(1).permutation(x.size)[:4000]]
    gap = np.abs(np.nextafter(x.astype(HALVES[half]), HALVES[half].type(np.inf)).astype(np.float64) - x)
    gap[~np.isfinite(gap)] = 1
    points = np.concatenate([x + gap / 2, (x + gap / 2) * (1 + 2.0**-50), (x + gap / 2) * (1 - 2.0**-50), x * 1.1])
    got = _core.cast(points, half).astype(np.float64)
    assert np.array_equal(got, [nearest(float(p), half) for p in points])
    special = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1e300, -1e300, 1e-300, -1e-300])
    assert np.array_equal(
        _core.cast(special, half).astype(np.float64),
        np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, np.inf, -np.inf, 0.0, -0.0]),
        equal_nan=True,
    )


@pytest.mark.parametrize("other", ["int8", "uint8", "int32", "int64", "bool"])
def test_other_types_both_ways(isa, half, other):
    """Via float32, as in NumPy and ml_dtypes. There are more elements than fit in the staging buffer."""
    info = None if other == "bool" else np.iinfo(other)
    low, high = (0, 2) if info is None else (max(info.min, -60000), min(info.max, 60000))
    x = np.random.default_rng(2).integers(low, high, 1537).astype(other)
    assert np.array_equal(_core.cast(x, half), x.astype(np.float32).astype(HALVES[half]))
    y = x.astype(np.float32).astype(HALVES[half])
    keep = np.abs(y.astype(np.float32)) <= high - 1 if info is not None else np.ones(y.shape, bool)
    assert np.array_equal(_core.cast(y[keep], other), y[keep].astype(np.float32).astype(other))


def test_one_half_to_the_other(isa):
    for a, b in (("float16", "bfloat16"), ("bfloat16", "float16")):
        x = every_half(a)
        x = x[~np.isnan(x.astype(np.float32))]
        want = numpy_cast(x.astype(np.float32), HALVES[b])
        assert np.array_equal(_core.cast(x, b).numpy().view(np.uint16), want.view(np.uint16))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100, 511, 512, 513, 1025])
@pytest.mark.parametrize("side", ["begin", "end"])
def test_nothing_beside_the_operands_is_touched_and_the_place_does_not_matter(isa, half, n, side):
    wide = np.random.default_rng(n).normal(size=n).astype(np.float32)
    narrow = wide.astype(HALVES[half])
    pairs = [(wide, narrow), (wide.astype(np.float64), narrow)]
    for x, y in [*pairs, (narrow, narrow.astype(np.float32)), (narrow, narrow.astype(np.float64))]:
        target = _core.as_tensor(guarded(np.zeros_like(y), side))
        _core.assign(_core.as_tensor(guarded(x, side)), target)
        assert np.array_equal(target.numpy(), y)


def test_any_number_of_threads(threads, half):
    x = np.random.default_rng(0).normal(size=100_003).astype(np.float32)
    y = _core.cast(x, half)
    assert np.array_equal(y, x.astype(HALVES[half]))
    assert np.array_equal(_core.cast(y, "float32"), y.astype(np.float32))


# ---- arrays of these types -------------------------------------------------------------------------------------------
@pytest.mark.product
@pytest.mark.parametrize(
    "move",
    [
        lambda x: ops.reshape(x, (4, 6)),
        lambda x: ops.transpose(x, (2, 0, 1)),
        lambda x: ops.concatenate([x, x], axis=1),
        lambda x: ops.stack([x, x]),
        lambda x: ops.take(x, np.array([2, 0, 2]), axis=1),
        lambda x: ops.flip(x, 0),
        lambda x: ops.repeat(x, 2, axis=1),
        lambda x: ops.broadcast_to(x, (2, 2, 3, 4)),
        lambda x: ops.pad(x, 1, constant_values=3.0),
        lambda x: ops.split(x, 2, axis=2)[1],
        lambda x: ops.getitem(x, (1, slice(None, None, -1))),
        lambda x: ops.copy(x),
    ],
)
def test_what_only_moves_bytes_keeps_the_type_and_carries_gradients(isa, half, move):
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert move(values.astype(HALVES[half])).dtype == HALVES[half]
    assert np.array_equal(move(values.astype(HALVES[half])).astype(np.float32), move(values))
    gradients = []
    for dtype in (half, "float32"):
        x = _core.tensor(values, dtype)
        x.requires_grad = True
        with _core.Tape(grad=True) as tape:
            y = move(x)
            [dx] = tape.gradients(_core.sum(_core.multiply(y, y)), [x])
        gradients.append(dx)
    assert gradients[0].dtype == "float32"
    assert np.array_equal(gradients[0].numpy(), gradients[1].numpy())


def test_arithmetic_is_done_in_float32_and_rounded(half):
    x = np.array([1.0, 2.5, -3.0]).astype(HALVES[half])
    wide = x.astype(np.float32)
    for got, want in [
        (ops.add(x, x), wide + wide),
        (ops.multiply(x, 3.0), wide * 3),
        (ops.exp(x), ops.exp(wide)),
        (ops.sum(x), wide.sum()),
        (ops.matmul(x, x), wide @ wide),
        (ops.where(wide > 0, x, x), x),
    ]:
        assert got.dtype == half
        assert np.array_equal(got.numpy(), np.asarray(want).astype(HALVES[half]))


def test_gradients_through_promotion_and_cast_are_float32(half):
    x = _core.tensor(np.array([0.5, -2.0, 3.0]), half)
    x.requires_grad = True
    with _core.Tape(grad=True) as tape:
        y = _core.cast(_core.multiply(x, x), half)
        loss = _core.sum(_core.multiply(_core.cast(y, "float64"), np.array([1.0, 2.0, 4.0])))
        [dx] = tape.gradients(loss, [x])
    assert dx.dtype == "float32"
    assert np.array_equal(dx.numpy(), [1.0, -8.0, 24.0])


def test_the_promotion_is_part_of_a_recorded_step(half):
    tape = _core.Tape(record=True)
    with tape:
        plan = tape.compile([_core.add(tape.input((3,), half, "x"), 1.0)])
    assert np.array_equal(plan.run([np.array([1, 2, 3]).astype(HALVES[half])])[0][0], [2.0, 3.0, 4.0])


def test_big_endian_strided_and_read_only_arrays():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    for given in (
        x.astype(">f2"),
        x.T.astype(np.float16).T,
        x.astype(ml_dtypes.bfloat16)[:, ::2],
        x.astype("f2")[::-1],
    ):
        given.setflags(write=False)
        assert np.array_equal(ops.cast(given, "float32"), given.astype(np.float32))


def test_variables(half):
    v = Variable(np.array([1.0, 2.0]), dtype=half)
    assert v.dtype == half
    v.assign([1.0, 1 + 2.0**-12])
    assert np.array_equal(v.numpy().astype(np.float32), [1.0, 1.0])
    v.assign_add([1.0, 1.0])
    assert v.numpy().dtype == HALVES[half]
    assert np.array_equal((v * 2).numpy(), [4.0, 4.0])
    tape = _core.Tape(record=True)
    with tape:
        v.assign_add(tape.input((2,), "float32", "x"))
        plan = tape.compile([])
    plan.run([np.array([0.5, 1.5], np.float32)])
    assert np.array_equal(v.numpy().astype(np.float32), [2.5, 3.5])


def test_a_model_takes_such_data(half):
    x = np.random.default_rng(0).normal(size=(16, 3)).astype(HALVES[half])
    models = [netlet.Sequential([netlet.Input((3,)), layers.Dense(2)]) for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    for model, data in zip(models, (x, x.astype(np.float32)), strict=True):
        model.compile("sgd", "mse")
        model.fit(data, np.ones((16, 2), np.float32), batch_size=4, shuffle=False, verbose=0)
    for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(models[0].predict(x, verbose=0), models[1].predict(x.astype(np.float32), verbose=0))


def test_files(tmp_path, half):
    x = np.array([1.0, -0.0, np.inf, 1e-7]).astype(HALVES[half])
    path = str(tmp_path / "a.netlet")
    write_container(path, {}, {"x": x})
    file = Container(path)
    assert file.spec("x") == (half, (4,))
    assert file.nbytes("x") == 8
    assert np.array_equal(file.read("x").view(np.uint16), x.view(np.uint16))


WITHOUT_ML_DTYPES = """
import sys
sys.modules["ml_dtypes"] = None
import numpy as np
import netlet
from netlet import _core, layers, ops
x = _core.tensor([1.0, 2.5], "bfloat16")
assert "2.5" in repr(x) and float(x[1]) == 2.5, repr(x)
assert np.array_equal(np.asarray(x, "float32"), [1, 2.5]) and x.tolist() == [1, 2.5] and f"{x[1]:.2f}" == "2.50"
assert ops.add(x, x).tolist() == [2, 5]
model = netlet.Sequential([layers.Dense(3, dtype="mixed_bfloat16"), layers.Activation("softmax", dtype="float32")])
model.compile("adam", "categorical_crossentropy")
model.fit(np.ones((4, 2), "f4"), np.eye(4, 3, dtype="f4"), verbose=0)
assert model.predict(np.ones((4, 2), "f4"), verbose=0).dtype == "float32"
half = netlet.Sequential([layers.Dense(3, dtype="mixed_bfloat16")])
for wrong in (x.numpy, lambda: ops.cast(np.ones(2), "bfloat16").numpy(),
              lambda: half.predict(np.ones((4, 2), "f4"), verbose=0)):
    try:
        wrong()
    except ImportError as error:
        assert "netlet[bfloat16]" in str(error), error
    else:
        raise AssertionError("no error")
print("fine")
"""


def test_without_ml_dtypes_only_numpy_arrays_of_bfloat16_are_missing():
    done = subprocess.run([sys.executable, "-c", WITHOUT_ML_DTYPES], capture_output=True, text=True)
    assert done.stdout.strip() == "fine", done.stderr
