"""Updates with 8-bit state: the same bits as the NumPy formulas, on every instruction set and number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from netlet import _core
from support import optimizer_8bit as reference

F = np.float32
CASES = {
    "sgd": ("m", {"momentum": 0.9}),
    "nesterov": ("m", {"nesterov": True, "momentum": 0.7}),
    "adam": ("mv", {}),
    "adam betas": ("mv", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}),
    "adamw": ("mv", {"weight_decay": 0.3}),
    "lion": ("m", {}),
    "lion betas": ("m", {"beta_1": 0.4, "beta_2": 0.6, "weight_decay": 0.1}),
}
KERNELS = {"sgd": "sgd", "nesterov": "sgd", "adam": "adam", "adamw": "adam", "lion": "lion"}


def gradients(size, steps, seed=0):
    """Values of many orders of magnitude, with zeros, in blocks of which some are all zero."""
    rng = np.random.default_rng(seed)
    g = rng.normal(size=(steps, size)) * 10.0 ** rng.uniform(-9, 2, (steps, size))
    g[rng.random((steps, size)) < 0.2] = 0
    g[:, 256:512] = 0
    g[:, 512:768] *= 1e-24  # subnormal moments
    return g.astype(F)


def zero_state(slots, size):
    return {slot: (np.zeros(size, np.uint8), np.zeros(-(-size // 256), F)) for slot in slots}


def tensors(p, state):
    return _core.tensor(p), {slot: [_core.tensor(part) for part in parts] for slot, parts in state.items()}


def step(name, p, g, state, t, **options):
    kernel = getattr(_core, f"{KERNELS[name.split()[0]]}_8bit_update")
    parts = [part for slot in state.values() for part in slot]
    rate, iteration = _core.tensor(np.float64(0.01)), _core.tensor(np.int64(t - 1))
    kernel(p, _core.tensor(g), *parts, rate, iteration, **options)


def same(p, state, expected_p, expected):
    np.testing.assert_array_equal(p.numpy(), expected_p)
    for slot, (codes, scale) in expected.items():
        np.testing.assert_array_equal(state[slot][0].numpy(), codes)
        np.testing.assert_array_equal(state[slot][1].numpy(), scale)


@pytest.mark.parametrize("size", [1, 7, 16, 255, 256, 257, 1000])
@pytest.mark.parametrize("name", CASES)
def test_an_update_has_the_bits_of_the_formulas(name, size, isa):
    slots, options = CASES[name]
    p, state = np.random.default_rng(1).normal(size=size).astype(F), zero_state(slots, size)
    ours, our_state = tensors(p, state)
    update = getattr(reference, KERNELS[name.split()[0]])
    for t, g in enumerate(gradients(size, 6), 1):
        p, state = update(p, g, state, t, 0.01, **options)
        step(name, ours, g, our_state, t, **options)
        same(ours, our_state, p, state)


def test_the_bits_do_not_depend_on_threads(threads):
    size = 300_000
    p, state = np.ones(size, F), zero_state("mv", size)
    ours, our_state = tensors(p, state)
    for t, g in enumerate(gradients(size, 2), 1):
        p, state = reference.adam(p, g, state, t, 0.01)
        step("adam", ours, g, our_state, t)
    same(ours, our_state, p, state)


@pytest.mark.parametrize(("slot", "lowest"), [("m", 2.0**-16 * 1.25), ("v", 2.0**-32 * 1.25)])
def test_the_code_is_a_small_float(slot, lowest):
    """Codes grow with the value, the largest is 1, and neighbours are less than an eighth apart."""
    table = reference.magnitudes(slot).astype(float)
    assert table[0] == 0 and table[1] == lowest and table[-1] == 1
    assert np.all(np.diff(table) > 0) and np.all(np.diff(table[1:]) <= table[1:-1] / 8)


def test_rounding_is_right_on_average():
    """SGD with a rate of 0 and a momentum of 1 encodes the state again: the mean of many such codes is the state."""
    size, updates = 64, 4000
    p, state = np.zeros(size, F), zero_state("m", size)
    wanted = np.append(np.geomspace(1e-6, 0.9, size - 1) * np.resize([1, -1], size - 1), 1.0).astype(F)
    total = np.zeros(size)
    for t in range(1, updates + 1):
        ours, our_state = tensors(p, state)
        step("sgd", ours, -wanted / F(0.01), our_state, t)
        codes, scale = (part.numpy() for part in our_state["m"])
        total += reference.decode(codes, scale, "m")
    distance = np.maximum(np.abs(wanted) / 8, 2.0**-16 * 1.25)  # at most, between neighbouring codes
    np.testing.assert_array_less(np.abs(total / updates - wanted), 4.5 * distance / 2 / updates**0.5 + 1e-7)


def test_a_small_change_accumulates():
    """An average that moves by 0.1% of its value in a step reaches its limit, as in float32."""
    size = 512
    p, state = tensors(np.zeros(size, F), zero_state("mv", size))
    rng = np.random.default_rng(0)
    base = rng.uniform(0.5, 1, size).astype(F)
    for t in range(1, 4001):
        step("adam", p, base * (3 if t <= 2000 else 1), state, t)
    v = reference.decode(*(part.numpy() for part in state["v"]), "v")
    kept = 0.999**2000
    exact = base**2 * (9 * (1 - kept) * kept + 1 - kept)
    assert abs(np.mean(v / exact) - 1) < 0.01 and np.std(v / exact) < 0.06


def test_a_small_second_moment_never_becomes_zero():
    p, state = tensors(np.zeros(4, F), zero_state("mv", 4))
    for t in range(1, 200):
        step("adam", p, np.array([1e4, 1e-3, 1e-18, 0], F), state, t)
        codes = state["v"][0].numpy()
        assert codes[0] == 255 and codes[1] >= 1 and codes[2] >= 1 and codes[3] == 0
    assert np.isfinite(p.numpy()).all() and np.abs(p.numpy()).max() < 10


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_stays_in_its_block(bad, isa):
    size = 600
    g = np.ones(size, F)
    g[300] = bad
    p, state = tensors(np.zeros(size, F), zero_state("mv", size))
    for t in (1, 2):
        step("adam", p, g, state, t)
    finite = np.isfinite(p.numpy())
    assert finite[:256].all() and finite[512:].all() and not finite[256:512].any()
    assert np.isfinite(state["m"][1].numpy()).tolist() == [True, False, True]


def test_operands_are_checked():
    p, state = tensors(np.zeros(300, F), zero_state("mv", 300))
    (m, scale), cell, count = state["m"], _core.tensor(np.float64(1)), _core.tensor(np.int64(0))
    double = _core.tensor(np.zeros(300))
    with pytest.raises(TypeError, match="sgd_8bit_update: expected float32 parameters, received float64"):
        _core.sgd_8bit_update(double, double, m, scale, cell, count)
    with pytest.raises(ValueError, match="expected uint8 codes of 300 elements, received float32"):
        _core.sgd_8bit_update(p, p, p, scale, cell, count)
    with pytest.raises(ValueError, match=r"expected 2 float32 scales, one per block of 256, received .*300"):
        _core.lion_8bit_update(p, p, m, p, cell, count)
    with pytest.raises(ValueError, match="expected tensors of 300 elements"):
        _core.adam_8bit_update(p, _core.tensor(np.zeros(3, F)), m, scale, *state["v"], cell, count)
    with pytest.raises(TypeError, match="expected the learning rate as one float64 cell"):
        _core.lion_8bit_update(p, p, m, scale, count, count)


@pytest.mark.parametrize("name", ["sgd_8bit_update", "adam_8bit_update", "lion_8bit_update", "adam_update"])
def test_none_is_no_tensor(name):
    p, state = tensors(np.zeros(3, F), zero_state("mv", 3))
    cells = [_core.tensor(np.float64(1)), _core.tensor(np.int64(0))]
    slots = {"adam_8bit_update": [*state["m"], *state["v"]], "adam_update": [p, p, None]}.get(name, [*state["m"]])
    arguments = [p, p, *slots, *cells]
    update = getattr(_core, name)
    update(*arguments)
    for i in {0, 1, *range(len(arguments) - 2, len(arguments)), *([] if name == "adam_update" else range(2, 4))}:
        with pytest.raises(TypeError, match="incompatible function arguments"):
            update(*arguments[:i], None, *arguments[i + 1 :])
