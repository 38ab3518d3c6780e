"""Optimizers beyond SGD, RMSprop and Adam: with each of their arguments against Keras, or PyTorch's formulas."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import Variable, layers, optimizers
from support import update_formulas
from support.optimizer_runs import STEPS, agree, by_keras, by_netlet, problem, recorded, same_state

KERAS = {
    "Adagrad": [{}, {"initial_accumulator_value": 0.5}, {"epsilon": 1e-2}],
    "Adadelta": [{"learning_rate": 1.0}, {"rho": 0.6}, {"epsilon": 1e-2}],
    "Adamax": [{}, {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-2}],
    "Nadam": [{}, {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-2}],
    "Ftrl": [
        {},
        {"learning_rate_power": 0.0, "beta": 0.4},
        {"learning_rate_power": -0.7, "initial_accumulator_value": 0.5},
        {"l1_regularization_strength": 0.3, "l2_regularization_strength": 0.3},
        {"l2_shrinkage_regularization_strength": 0.2},
    ],
    "Lion": [{}, {"beta_1": 0.5, "beta_2": 0.7}],
    "Lamb": [{}, {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-2}],
    "Adafactor": [
        {},
        {"beta_2_decay": -0.5, "epsilon_1": 1e-2},
        {"epsilon_2": 5.0, "clip_threshold": 0.3, "relative_step": False},
        {"learning_rate": 5.0},
    ],
    "Muon": [
        {},
        {"adam_beta_1": 0.5, "adam_beta_2": 0.7, "epsilon": 1e-2, "adam_lr_ratio": 0.3, "adam_weight_decay": 0.3},
        {"muon_a": 3.0, "muon_b": -4.0, "muon_c": 1.8, "ns_steps": 3, "rms_rate": None},
        {"momentum": 0.5, "nesterov": False, "weight_decay": None, "adam_weight_decay": None},
    ],
    "ScheduleFreeAdamW": [{}, {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-2}, {"warmup_steps": 4}],
}
COMMON = {
    **{"weight_decay": 0.05, "clipnorm": 0.5, "loss_scale_factor": 8.0},
    **{"use_ema": True, "ema_momentum": 0.6, "ema_overwrite_frequency": 4},
}
PYTORCH = {
    "RAdam": [{}, {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-2}],
    "Rprop": [{}, {"etas": (0.3, 1.5), "step_sizes": (0.02, 0.2)}],
    "ASGD": [{}, {"lambd": 0.2, "alpha": 0.6, "t0": 2.0}],
}
CASES = [
    (name, {"learning_rate": 0.05, **own})
    for name, options in {**KERAS, **PYTORCH}.items()
    for own in [*options, COMMON]
]
NAMES = [*KERAS, *PYTORCH]


def case_id(case):
    return f"{case[0]} {' '.join(k for k in case[1] if k != 'learning_rate')}"


def reference(name, arguments, start, steps):
    """The weights after each step by the formulas of PyTorch."""
    a = {"learning_rate": 0.01, **arguments}
    lr = a.pop("learning_rate")
    if name == "Rprop":
        low, high = a.pop("step_sizes", (1e-6, 50))
        minus, plus = a.pop("etas", (0.5, 1.2))
        formula, own = update_formulas.rprop, {"eta_minus": minus, "eta_plus": plus, "smallest": low, "largest": high}
        slots = [(np.zeros_like(w), np.full_like(w, lr)) for w in start]
    elif name == "ASGD":
        formula, own = update_formulas.asgd, {"lambd": 1e-4, "alpha": 0.75, "t0": 1e6, **a}
        slots = [(np.zeros_like(w),) for w in start]
    else:
        formula, own = update_formulas.radam, {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, **a}
        slots = [(np.zeros_like(w), np.zeros_like(w)) for w in start]
    trace, weights = [], list(start)
    for t, gradients in enumerate(steps, 1):
        for i, g in enumerate(gradients):
            weights[i], *slots[i] = formula(weights[i], g, *slots[i], lr=lr, t=t, **own)
        trace.append(list(weights))
    return trace, [s for each in slots for s in each]


@pytest.mark.parametrize("case", [c for c in CASES if c[0] in KERAS], ids=case_id)
def test_steps_of_keras(case):
    start, steps = problem()
    trace, state = by_netlet(*case, start, steps)
    expected, expected_state = by_keras(*case, start, steps)
    agree(trace, expected, 1e-10)
    same_state(state, expected_state)


@pytest.mark.parametrize("case", [c for c in CASES if c[0] in PYTORCH and "clipnorm" not in c[1]], ids=case_id)
def test_steps_of_pytorch(case):
    start, steps = problem()
    steps = steps * 2  # 12 steps: RAdam's rectification starts at step 6, ASGD's average after t0
    trace, state = by_netlet(*case, start, steps)
    expected, slots = reference(*case, start, steps)
    agree(trace, expected, 1e-12)
    for a, b in zip(state[2:], slots, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_float32_stays_near_float64(case):
    start, steps = problem(3)
    narrow, _ = by_netlet(*case, start, steps, "float32")
    wide, _ = by_netlet(*case, start, steps)
    agree(narrow, wide, 1e-4)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_recorded_step_gives_the_eager_bits(case):
    start, steps = problem(4)
    expected, state = by_netlet(*case, start, steps)
    variables, optimizer, plan = recorded(*case, start)
    for gradients, after in zip(steps, expected, strict=False):
        plan.run([np.asarray(g)[None] for g in gradients])
        for v, value in zip(variables, after, strict=True):
            np.testing.assert_array_equal(v.numpy(), value)
    for v, value in zip(optimizer.variables, state, strict=True):
        np.testing.assert_array_equal(v.numpy(), value)


@pytest.mark.parametrize("name", NAMES)
def test_accumulation_is_a_step_with_the_mean_gradient(name):
    """In eager and in recorded steps."""
    start, steps = problem(5)
    means = [[(a + b) / 2 for a, b in zip(*steps[i : i + 2], strict=True)] for i in range(0, STEPS, 2)]
    expected, _ = by_netlet(name, {"learning_rate": 0.05}, start, means)
    arguments = {"learning_rate": 0.05, "gradient_accumulation_steps": 2}
    trace, _ = by_netlet(name, arguments, start, steps)
    agree(trace[1::2], expected, 1e-12)
    agree([trace[2]], [trace[1]], 0)
    variables, _, plan = recorded(name, arguments, start)
    for gradients, after in zip(steps, trace, strict=True):
        plan.run([np.asarray(g)[None] for g in gradients])
        for v, value in zip(variables, after, strict=True):
            np.testing.assert_array_equal(v.numpy(), value)


@pytest.mark.parametrize("name", NAMES)
def test_by_name_and_config(name):
    made = optimizers.get(name.lower())
    assert type(made) is getattr(optimizers, name)
    arguments = {"learning_rate": 0.05, **{**KERAS, **PYTORCH}[name][-1], "global_clipnorm": 0.5, "weight_decay": 0.1}
    optimizer = type(made)(**arguments)
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
    for key, value in arguments.items():
        assert again.get_config()[key] == value


@pytest.mark.parametrize("name", NAMES)
def test_training_resumes_from_a_file_to_the_bit(tmp_path, name):
    x, y = np.random.default_rng(0).standard_normal((2, 40, 3)).astype("float32")

    def make():
        netlet.utils.set_random_seed(1)
        model = netlet.Sequential([netlet.Input((3,)), layers.Dense(5, "tanh"), layers.Dense(3)])
        model.compile(getattr(optimizers, name)(0.01), "mse")
        return model

    def bits(model):
        return [np.asarray(v).tobytes() for v in (*model.get_weights(), *model.optimizer.variables)]

    unbroken = make()
    unbroken.fit(x, y, batch_size=16, epochs=4, verbose=0)
    first = make()
    first.fit(x, y, batch_size=16, epochs=2, verbose=0)
    first.save(tmp_path / "half.netlet")
    resumed = netlet.models.load_model(tmp_path / "half.netlet")
    resumed.fit(x, y, batch_size=16, epochs=4, initial_epoch=2, verbose=0)
    assert bits(resumed) == bits(unbroken)
    assert bits(unbroken) != bits(first)


@pytest.mark.parametrize("name", NAMES)
def test_variables_of_two_dtypes(name):
    """Each dtype has a segment of its own; Nadam's product is read by both."""
    start, steps = problem(6)
    mixed = [Variable(w.astype(t)) for w, t in zip(start, ["float64", "float32"] * 2, strict=True)]
    optimizer = getattr(optimizers, name)(0.05)
    for gradients in steps:
        optimizer.apply([g.astype(v.dtype) for g, v in zip(gradients, mixed, strict=True)], mixed)
    expected, _ = by_netlet(name, {"learning_rate": 0.05}, start, steps)
    agree([[v.numpy() for v in mixed]], expected[-1:], 1e-4)


def test_muon_leaves_embeddings_and_named_layers_to_adamw():
    start, steps = problem(7)
    names = ["dense_kernel", "bias", "embedding_table", "scale"]
    variables = [Variable(w, name=n) for w, n in zip(start, names, strict=True)]
    optimizer = optimizers.Muon(0.05, exclude_layers=["dense.*"])
    others = [Variable(w) for w in start]
    adamw = optimizers.AdamW(0.05)
    for gradients in steps:
        optimizer.apply(gradients, variables)
        adamw.apply(gradients, others)
    agree([[v.numpy() for v in variables]], [[v.numpy() for v in others]], 1e-14)
    assert [v.path.split("/")[-1] for v in optimizer.variables[2:]] == [
        f"{name}_{slot}" for name in names for slot in ("momentum", "velocity")
    ]


def test_the_matrix_functions_of_muon():
    x = np.random.default_rng(0).normal(size=(5, 3))
    made = optimizers.Muon(muon_a=1.5, muon_b=-0.5, muon_c=0.0)  # Newton-Schulz of degree 3 converges to u v^T
    u, _, v = np.linalg.svd(x, full_matrices=False)
    np.testing.assert_allclose(made.zeropower_via_newtonschulz5(x, 30), u @ v, atol=1e-10)
    np.testing.assert_allclose(made.lr_adjust(x), x * 5**0.5 * 0.2, rtol=1e-14)
    np.testing.assert_array_equal(optimizers.Muon(rms_rate=None).lr_adjust(x), x)
    with pytest.raises(ValueError, match=r"matrix, received shape \(3,\)"):
        made.zeropower_via_newtonschulz5(x[0], 1)


@pytest.mark.parametrize("name", [*NAMES, "Adam", "SGD", "RMSprop"])
def test_update_step_is_the_update_of_one_variable(name):
    """Called directly, and by a subclass that changes the gradient."""
    base = getattr(optimizers, name)

    class Halved(base):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient * 0.5, variable, learning_rate)

    start, steps = problem(8)
    expected, _ = by_netlet(name, {"learning_rate": 0.05}, start, [[g * 0.5 for g in each] for each in steps])
    halved, alone = ([Variable(w) for w in start] for _ in range(2))
    optimizer, direct = Halved(0.05), base(0.05, weight_decay=None)
    direct.build(alone)
    for gradients in steps:
        optimizer.apply(gradients, halved)
    agree([[v.numpy() for v in halved]], expected[-1:], 1e-12)
    undecayed = {"weight_decay": None, **({"adam_weight_decay": None} if name == "Muon" else {})}
    if name != "Nadam":  # its product advances once for all variables
        expected, _ = by_netlet(name, {"learning_rate": 0.05, **undecayed}, start, steps[:1])
        for g, v in zip(steps[0], alone, strict=True):
            direct.update_step(g, v, 0.05)
        agree([[v.numpy() for v in alone]], expected, 1e-14)


def test_ftrl_where_keras_divides_0_by_0():
    w = Variable(np.ones(3))
    optimizer = optimizers.Ftrl(0.1, initial_accumulator_value=0.0)
    optimizer.apply([np.array([1.0, 0.0, -1.0])], [w])
    np.testing.assert_array_equal(w.numpy()[1], 0)
    assert np.isfinite(w.numpy()).all()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("Ftrl", {"learning_rate_power": 0.5}, "`learning_rate_power` needs to be negative or zero"),
        ("Ftrl", {"initial_accumulator_value": -0.5}, "`initial_accumulator_value` needs to be positive or zero"),
        ("Ftrl", {"l1_regularization_strength": -0.5}, "`l1_regularization_strength` needs to be positive or zero"),
        ("Ftrl", {"l2_regularization_strength": -0.5}, "`l2_regularization_strength` needs to be positive or zero"),
        (
            "Ftrl",
            {"l2_shrinkage_regularization_strength": -0.5},
            "`l2_shrinkage_regularization_strength` needs to be positive or zero",
        ),
        ("Lion", {"beta_1": 0.0}, "Argument `beta_1` must be in the .* Received: beta_1=0.0"),
        ("Rprop", {"etas": (1.5, 1.2)}, "Argument `etas`: expected 0 < eta_minus < 1 < eta_plus"),
        ("Rprop", {"step_sizes": (1.0, 0.1)}, "Argument `step_sizes`: expected 0 <= smallest <= largest"),
    ],
)
def test_arguments_outside_their_range(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(optimizers, name)(**arguments)
