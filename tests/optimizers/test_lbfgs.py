"""LBFGS against PyTorch's, alone and in `fit`, where a recorded step computes the loss.

GOLDEN holds [loss before the step, weights after it, evaluations so far, iterations so far] of each step. Torch 2.13.0
has computed it:

    def run(loss_of, start, steps, **options):
        w = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
        optimizer = torch.optim.LBFGS([w], **options)

        def closure():
            optimizer.zero_grad()
            loss = loss_of(w)
            loss.backward()
            return loss

        for _ in range(steps):
            loss = optimizer.step(closure)
            state = optimizer.state[w]
            print([float(loss), *w.tolist(), state["func_evals"], state["n_iter"]])
"""

from __future__ import annotations

import copy

import numpy as np
import pytest

import netlet
from netlet import Variable, layers, ops, optimizers
from netlet.optimizers import LBFGS
from netlet.optimizers.base.finite import NotFinite

WOLFE = {"line_search_fn": "strong_wolfe"}


def rosenbrock(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def waves(w):
    return 0.5 * ops.sum(np.array([1.0, 10.0, 100.0]) * w * w) + ops.sum(ops.cos(w))


CASES = {  # as torch's arguments, with lr for learning_rate
    "rosenbrock wolfe": (rosenbrock, [-1.0, 2.0], {**WOLFE, "max_iter": 5}),
    "rosenbrock fixed": (rosenbrock, [-1.0, 2.0], {"learning_rate": 0.2, "max_iter": 4}),
    "short history": (waves, [1.0, 2.0, 3.0], {"learning_rate": 0.5, "max_iter": 3, "history_size": 2}),
    "few evaluations": (waves, [1.0, 2.0, 3.0], {**WOLFE, "max_iter": 8, "max_eval": 4}),
    "tolerances": (waves, [1.0, 2.0, 3.0], {**WOLFE, "max_iter": 50, "tolerance_grad": 1e-2, "tolerance_change": 1e-3}),
    "defaults": (waves, [1.0, 2.0, 3.0], {}),
}
# fmt: off
GOLDEN = {
    "rosenbrock wolfe": [
        [104.0, -1.27134537644, 1.60146619422, 7, 3],
        [5.18107059962, -0.839653498709, 0.654935058983, 14, 7],
        [3.63515507231, -0.522568603167, 0.237994732307, 20, 10],
        [2.44129833275, -0.0802075104635, -0.0234067437087, 26, 14],
        [1.25589075669, 0.278570887273, 0.0934072020091, 32, 18],
        [0.545441230038, 0.502630850288, 0.239449447039, 38, 21],
    ],
    "rosenbrock fixed": [
        [104.0, -1.27721375407, 1.89347003621, 4, 4],
        [12.0603275684, -1.3340060087, 1.88378187733, 8, 8],
        [6.53355325054, -1.35377715369, 1.87912720166, 12, 12],
        [5.75569858235, -1.36089410497, 1.87524986714, 16, 16],
        [5.62772435834, -1.36320871708, 1.87114665879, 20, 20],
        [5.60116159827, -1.36333553058, 1.86483678399, 24, 24],
    ],
    "short history": [
        [469.634162973, 0.998302869047, 1.80498035129, 1.27463440458, 3, 2],
        [98.624249555, 0.995168693231, 1.48791769769, 0.303088920299, 6, 4],
        [17.7393846846, 0.991351844827, 1.16584506619, 0.023461751021, 9, 6],
        [9.25614345127, 0.982630367005, 0.574683922912, -0.0507574293548, 12, 8],
        [4.65581748895, 0.968238343471, 0.116615048711, 0.0353088580376, 15, 10],
    ],
    "few evaluations": [
        [469.634162973, 0.995207846206, 1.47798235218, -0.020218195887, 4, 3],
        [13.074622207, 0.960461776536, -0.000318914715349, 0.00027160536249, 8, 6],
        [3.03438916286, 0.716120500621, -0.0267695608235, 0.00194072194745, 12, 9],
        [3.01418363385, 0.316750121123, 0.00265382579578, -0.000250805388843, 16, 12],
        [3.00045283263, 0.138808698149, -0.000281524558019, 8.27084969426e-05, 20, 15],
    ],
    "tolerances": [
        [469.634162973, 0.960461776536, -0.000318914715349, 0.00027160536249, 7, 6],
        [3.03438916286, 0.403873612898, 0.00153828944687, -0.000217684198314, 13, 12],
        [3.0011155734, 0.403873612898, 0.00153828944687, -0.000217684198314, 14, 13],
        [3.0011155734, 0.403873612898, 0.00153828944687, -0.000217684198314, 15, 14],
    ],
    "defaults": [
        [469.634162973, 0.0355668029851, -3.11291848497e-05, -1.91857162904e-06, 20, 20],
        [3.00000007122, 0.0118405274958, 3.97613991684e-07, -2.76717226597e-07, 25, 25],
        [3.00000000082, 0.0118405274958, 3.97613991684e-07, -2.76717226597e-07, 26, 26],
    ],
}
# fmt: on


@pytest.mark.parametrize("case", CASES)
def test_steps_are_pytorch_s(case):
    loss_of, start, options = CASES[case]
    w, optimizer = Variable(np.array(start)), LBFGS(**options)
    for expected in GOLDEN[case]:
        loss = optimizer.minimize(lambda: loss_of(w), [w])
        np.testing.assert_allclose([loss, *w.numpy()], expected[:-2], rtol=1e-8, atol=1e-10)
        assert [int(optimizer.func_evals), int(optimizer.n_iter)] == expected[-2:]
    assert int(optimizer.iterations) == len(GOLDEN[case])


def test_float32_and_several_variables():
    """The same steps in two float32 variables, of which one is in a segment already."""
    a, b = Variable([-1.0], dtype="float32"), Variable([2.0], dtype="float64")
    optimizers.SGD(0.0).apply([np.zeros(1)], [b])
    optimizer = LBFGS(max_iter=100, **WOLFE)
    optimizer.minimize(lambda: ops.squeeze(rosenbrock([ops.cast(a, "float64"), b])), [a, b])
    np.testing.assert_allclose([a.numpy()[0], b.numpy()[0]], 1, rtol=1e-3)
    assert optimizer.direction.dtype == "float64" and a.dtype == "float32"


# ---- in fit ----------------------------------------------------------------------------------------------------------
def data(rows=32):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 3)).astype("float32")
    return x, np.sin(x.sum(1, keepdims=True))


def model(optimizer, *more, metrics=None, **options):
    netlet.utils.set_random_seed(0)
    made = netlet.Sequential([layers.Input((3,)), layers.Dense(8, activation="tanh"), *more, layers.Dense(1)])
    made.compile(optimizer, "mse", metrics=metrics, **options)
    return made


@pytest.mark.parametrize("options", [WOLFE, {"learning_rate": 0.25, "max_iter": 5}])
def test_fit_takes_the_steps_of_minimize(options):
    x, y = data()
    first, second, third = (model(LBFGS(**options), metrics=["mae"]) for _ in range(3))
    history = first.fit(x, y, batch_size=32, epochs=5, shuffle=False, verbose=0).history
    alone = LBFGS(**options)
    losses = [alone.minimize(lambda: ops.mean((second(x) - y) ** 2), second.trainable_variables) for _ in range(5)]
    batches = [third.train_on_batch(x, y) for _ in range(5)]
    # The compiled loss adds in another order than ops.mean, and rounding grows along the path.
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-3)
    np.testing.assert_allclose(history["loss"], [loss for loss, _ in batches], rtol=0)
    np.testing.assert_allclose(history["mae"], [mae for _, mae in batches], rtol=0)
    assert history["loss"][-1] < 0.1 * history["loss"][0]
    assert int(first.optimizer.iterations) == 5
    # The reported metric is that of the weights before the step.
    fresh = model(LBFGS(**options), metrics=["mae"])
    before = fresh.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(fresh.train_on_batch(x, y), before, rtol=1e-6)


class Own(netlet.Sequential):
    scales = True

    def train_step(self, batch):
        x, y = batch
        with netlet.GradientTape() as tape:
            loss = ops.mean((self(x) - y) ** 2)
            loss = self.optimizer.scale_loss(loss) if self.scales else loss
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def test_a_train_step_of_ones_own_reports_the_first_loss():
    x, y = data()
    trained = Own([layers.Input((3,)), layers.Dense(1)])
    trained.compile(LBFGS(**WOLFE), "mse")
    trained.predict(x, verbose=0)  # builds it
    before = np.mean((trained.predict(x, verbose=0) - y) ** 2)
    losses = trained.fit(x, y, batch_size=32, epochs=2, verbose=0).history["loss"]
    np.testing.assert_allclose(losses[0], before, rtol=1e-5)
    np.testing.assert_allclose(losses[1], np.mean((trained.predict(x, verbose=0) - y) ** 2), rtol=1e-3)


def test_batches_schedules_and_shorter_last_batches():
    x, y = data(20)
    rate = optimizers.schedules.PiecewiseConstantDecay([1, 3], [0.5, 0.25, 0.0])
    trained = model(LBFGS(rate, max_iter=2))
    trained.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert int(trained.optimizer.iterations) == 6
    unchanged = trained.get_weights()
    trained.fit(x, y, batch_size=8, verbose=0)  # the rate is 0
    for a, b in zip(trained.get_weights(), unchanged, strict=True):
        np.testing.assert_array_equal(a, b)


def test_dropout_is_the_same_in_all_runs_of_a_step():
    """With a mask for each run the loss would not be a function, and the line search would fail."""
    x, y = data()
    trained = model(LBFGS(**WOLFE), layers.Dropout(0.5, seed=1))
    losses = trained.fit(x, y, batch_size=32, epochs=1, verbose=0).history["loss"]
    step = trained.get_training_state()["step"]
    assert step == 1 and int(trained.optimizer.func_evals) > 5
    trained.set_training_state({"step": 0, "shuffle": None})  # the mask of the first step again
    assert trained.train_on_batch(x, y) < 0.5 * losses[0]


def test_training_resumes_from_a_file_and_a_copy(tmp_path):
    x, y = data()
    first = model(LBFGS(max_iter=4, history_size=3))
    first.fit(x, y, batch_size=32, epochs=2, verbose=0)
    first.save(tmp_path / "m.netlet")
    second = netlet.models.load_model(tmp_path / "m.netlet")
    third = model(copy.deepcopy(first.optimizer))
    third.set_weights(first.get_weights())
    for each in (first, second, third):
        each.fit(x, y, batch_size=32, epochs=2, shuffle=False, verbose=0)
    for other in (second, third):
        pairs = zip([*first.variables, *first.optimizer.variables], [*other.variables, *other.optimizer.variables])
        assert all((a.numpy() == b.numpy()).all() for a, b in pairs)
    config = first.optimizer.get_config()
    assert LBFGS.from_config(config).get_config() == config


def test_constraints_hold_after_a_step():
    w = Variable([-2.0], constraint=netlet.constraints.NonNeg())
    LBFGS().minimize(lambda: ops.sum((w + 1.0) ** 2), [w])
    assert w.numpy() == 0


def test_the_table_of_an_embedding_has_a_whole_gradient():
    x, y = np.zeros((2, 1), "int32"), np.ones((2, 1, 1))
    made = netlet.Sequential([layers.Input((1,), dtype="int32"), layers.Embedding(70000, 1)])
    made.compile(LBFGS(history_size=2, **WOLFE), "mse")
    before = made.get_weights()[0].copy()
    made.fit(x, y, epochs=2, verbose=0)
    after = made.get_weights()[0]
    np.testing.assert_allclose(after[0], 1, rtol=1e-5)
    np.testing.assert_array_equal(after[1:], before[1:])


# ---- what goes wrong -------------------------------------------------------------------------------------------------
def test_a_search_avoids_points_without_a_value():
    """log(w) is NaN below 0, where the first step leads."""
    w = Variable(np.array([1.0]))
    optimizer = LBFGS(learning_rate=100.0, max_eval=50, tolerance_change=1e-14, **WOLFE)
    optimizer.minimize(lambda: ops.sum(w * w - ops.log(w)), [w])
    np.testing.assert_allclose(w, np.sqrt(0.5), rtol=1e-6)


def test_a_loss_that_is_not_finite_changes_no_weight():
    w = Variable(np.array([1.0]))
    with pytest.raises(NotFinite, match="The loss is not finite"):
        LBFGS(learning_rate=1e3, max_iter=3).minimize(lambda: ops.sum(w * w - ops.log(w)), [w])
    assert w.numpy() == 1
    trained = model(LBFGS())
    before = trained.get_weights()
    x, y = data()
    with pytest.raises(FloatingPointError, match="The weights are those before this step"):
        trained.fit(x * np.inf, y, verbose=0)
    for a, b in zip(trained.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iter": 0}, "`max_iter` must be an integer >= 1"),
        ({"max_eval": 1.5}, "`max_eval` must be an integer >= 1"),
        ({"history_size": True}, "`history_size` must be an integer >= 1"),
        ({"line_search_fn": "armijo"}, "expected None or 'strong_wolfe', received 'armijo'"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        LBFGS(**options)


def test_where_it_cannot_be_used():
    x, y = data()
    with pytest.raises(RuntimeError, match="cannot apply gradients"):
        model(LBFGS(), run_eagerly=True).fit(x, y, verbose=0)
    w = Variable([1.0])
    with pytest.raises(ValueError, match="depends on none of the variables"):
        LBFGS().minimize(lambda: ops.sum(w * 2.0), [Variable([1.0])])
    with pytest.raises(ValueError, match="all weights share one step length"):
        LBFGS().set_multipliers({})

    forgets = Own([layers.Input((3,)), layers.Dense(1)])
    forgets.compile(LBFGS(), "mse")
    forgets.scales = False
    with pytest.raises(ValueError, match=r"expected `loss = optimizer.scale_loss\(loss\)` before `apply`"):
        forgets.fit(x, y, verbose=0)

    class Two(netlet.Sequential):
        def train_step(self, batch):
            self.other.apply([netlet.ops.ones_like(v) for v in self.trainable_variables], self.trainable_variables)
            return super().train_step(batch)

    two = Two([layers.Input((3,)), layers.Dense(1)])
    two.other = optimizers.SGD()
    two.compile(LBFGS(), "mse")
    with pytest.raises(ValueError, match="expected LBFGS as the only optimizer of a step"):
        two.fit(x, y, verbose=0)
