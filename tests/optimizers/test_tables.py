"""Sparse updates of an embedding table, of the used rows only, give the same bits as updates of all rows."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import Variable, _core, layers, ops, optimizers
from netlet.optimizers.base.segment import LEAST_TABLE

ROWS, COLUMNS, STEPS = 3000, 33, 20
assert ROWS * COLUMNS >= LEAST_TABLE

# KEEPS: optimizers that update the used rows only. GOES_OVER_ALL: those whose formula needs all rows in each step.
KEEPS = {
    "sgd": ("SGD", {"learning_rate": 0.001}),
    "momentum": ("SGD", {"learning_rate": 0.001, "momentum": 0.9}),
    "nesterov": ("SGD", {"learning_rate": 0.001, "momentum": 0.9, "nesterov": True}),
    "rmsprop": ("RMSprop", {"learning_rate": 0.01}),
    "rmsprop momentum": ("RMSprop", {"learning_rate": 0.01, "momentum": 0.7}),
    "rmsprop centered": ("RMSprop", {"learning_rate": 0.01, "centered": True, "momentum": 0.7}),
    "adam": ("Adam", {"learning_rate": 0.01}),
    "amsgrad": ("Adam", {"learning_rate": 0.01, "amsgrad": True}),
    "ema": ("Adam", {"learning_rate": 0.01, "use_ema": True, "ema_momentum": 0.6, "ema_overwrite_frequency": 3}),
    "schedule": ("Adam", {"learning_rate": lambda: 0.02}),
    "adagrad": ("Adagrad", {"learning_rate": 0.01}),
    "adadelta": ("Adadelta", {"learning_rate": 1.0}),
    "adamax": ("Adamax", {"learning_rate": 0.01}),
    "nadam": ("Nadam", {"learning_rate": 0.01}),
    "lion": ("Lion", {"learning_rate": 0.001}),
    "radam": ("RAdam", {"learning_rate": 0.01}),
    "rprop": ("Rprop", {"learning_rate": 0.001}),
}
GOES_OVER_ALL = {
    "decay": ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.1}),
    "sgd decay": ("SGD", {"learning_rate": 0.01, "weight_decay": 0.1}),
    "clipnorm": ("Adam", {"learning_rate": 0.01, "clipnorm": 0.05}),
    "clipvalue": ("RMSprop", {"learning_rate": 0.01, "clipvalue": 0.001}),
    "global_clipnorm": ("SGD", {"learning_rate": 0.1, "momentum": 0.5, "global_clipnorm": 0.05}),
    "accumulation": ("Adam", {"learning_rate": 0.01, "gradient_accumulation_steps": 3}),
    "loss scale": ("SGD", {"learning_rate": 0.01, "loss_scale_factor": 8.0}),
    "ftrl": ("Ftrl", {"learning_rate": 0.01}),
    "schedule free": ("ScheduleFreeAdamW", {"learning_rate": 0.01}),
    "asgd": ("ASGD", {"learning_rate": 0.01, "lambd": 0.01}),
    "lamb": ("Lamb", {"learning_rate": 0.01}),
    "adafactor": ("Adafactor", {"learning_rate": 0.01}),
    "muon": ("Muon", {"learning_rate": 0.01, "adam_weight_decay": None}),
}


def ids(batch, seed, length=4):
    """Indices (batch, length): a few words are frequent, most never occur."""
    return np.minimum(np.random.default_rng(seed).zipf(1.3, (batch, length)) - 1, 700).astype("int32")


def start(dtype="float32"):
    w = np.random.default_rng(0).standard_normal((ROWS, COLUMNS)).astype(dtype)
    w[::7, ::3] = -0.0
    return w


def plain(words):
    return layers.Dense(2)(layers.Flatten()(words(X)))


def shared(words):
    return layers.Dense(2)(
        layers.Flatten()(layers.Multiply()([words(X), words(layers.Lambda(lambda t: t[:, ::-1])(X))]))
    )


class Tied(layers.Layer):
    """Uses the table for a lookup and in a matmul, so that two kinds of op write to its gradient."""

    def __init__(self, words, first, **kwargs):
        super().__init__(**kwargs)
        self.words, self.first = words, first

    def call(self, x):
        if self.first == "lookup":
            y = ops.mean(self.words(x), axis=1)
            return ops.matmul(y, ops.transpose(self.words.embeddings))[:, :2]
        y = ops.matmul(ops.ones((x.shape[0], 5)), ops.transpose(self.words.embeddings)[:5])
        return y[:, :2] + ops.mean(self.words(x), axis=(1, 2), keepdims=True)[:, :, 0]


MODELS = {
    "plain": plain,
    "shared": shared,
    "tied": lambda words: Tied(words, "lookup")(X),
    "tied the other way": lambda words: Tied(words, "matmul")(X),
}
X = None


def build(case, by_rows, model="plain", dtype="float32", **more):
    global X
    netlet.utils.set_random_seed(3)
    X = netlet.Input((4,), dtype="int32")
    words = layers.Embedding(ROWS, COLUMNS, weights=start(dtype), dtype=dtype, **more)
    words.embeddings.by_rows = by_rows
    before = netlet.config.floatx()
    netlet.config.set_floatx(dtype)
    try:
        net = netlet.Model(X, MODELS[model](words))
    finally:
        netlet.config.set_floatx(before)
    name, arguments = {**KEEPS, **GOES_OVER_ALL}[case]
    net.compile(getattr(optimizers, name)(**arguments), "mse")
    return net


def train(net, steps=STEPS, seed=0):
    """Trains with two batch sizes, so that two plans share the record of used rows."""
    for step in range(steps):
        n = 8 if step % 5 != 4 else 3
        net.train_on_batch(ids(n, seed + step), np.full((n, 2), 0.5, "float32"))


def bits(net):
    return [w.tobytes() for w in net.get_weights()] + [v.numpy().tobytes() for v in net.optimizer.variables]


def kernels(net):
    plan = net.plan(ids(8, 0), np.zeros((8, 2), "float32"), batch_size=8, mode="train")
    return [r["kernel"] for r in plan.records()]


def same(case, model="plain", **more):
    nets = [build(case, by_rows, model, **more) for by_rows in (True, False)]
    for net in nets:
        train(net)
    a, b = (bits(net) for net in nets)
    assert a == b
    return nets[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", KEEPS)
def test_bits_of_the_dense_update(case, dtype, isa):
    net = same(case, dtype=dtype)
    assert any(k.startswith("zero_rows") for k in kernels(net))


@pytest.mark.parametrize("case", GOES_OVER_ALL)
def test_bits_where_all_rows_must_be_gone_over(case):
    same(case)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("case", ["sgd", "momentum", "adam", "clipnorm", "decay"])
def test_bits_of_other_uses_of_the_table(case, model):
    same(case, model)


@pytest.mark.parametrize("case", ["sgd", "adam", "rmsprop centered"])
def test_bits_with_a_regularizer_and_a_constraint(case):
    same(case, embeddings_regularizer="l2")
    same(case, embeddings_constraint="max_norm")


def test_any_number_of_threads(threads):
    results = []
    for n in (1, threads):
        _core.set_num_threads(n)
        net = build("adam", True)
        train(net)
        results.append(bits(net))
    assert results[0] == results[1]


def test_rows_that_were_never_used_are_left_alone():
    net = build("adam", True)
    train(net)
    used = np.unique(np.concatenate([ids(8 if s % 5 != 4 else 3, s).ravel() for s in range(STEPS)]))
    never = np.setdiff1d(np.arange(ROWS), used)
    weights = net.get_weights()[0]
    assert len(never) > 2000
    assert weights[never].tobytes() == start()[never].tobytes()
    assert (weights[used] != start()[used]).any(axis=1).all()
    # The optimizer's record of used rows agrees.
    (rows,) = net.optimizer._used.values()
    assert set(np.flatnonzero(rows.bytes)) == set(used)
    (written,) = net.optimizer.gradient_rows().values()
    last = ids(3, STEPS - 1)
    assert set(np.flatnonzero(written.bytes)) == set(last.ravel())


def test_the_gradient_is_zero_elsewhere():
    net = build("adam", True)
    train(net, 7)
    table = next(v for v in net.trainable_variables if v.by_rows)
    gradient = np.array(net.optimizer.gradient_targets()[id(table)])
    assert set(np.flatnonzero(gradient.any(axis=1))) <= set(ids(8, 6).ravel())
    assert gradient.any()


def test_slots_that_somebody_else_has_set():
    """A momentum assigned by hand to a row that no step has used moves that row in later steps."""
    nets = [build("momentum", by_rows) for by_rows in (True, False)]
    for net in nets:
        train(net, 3)
        slot = next(v for v in net.optimizer.variables if v.shape == (ROWS, COLUMNS))
        value = slot.numpy()
        value[2999] = 1.0
        slot.assign(value)
        train(net, 5, seed=50)
        assert (net.get_weights()[0][2999] != start()[2999]).any()
    assert bits(nets[0]) == bits(nets[1])


def test_a_gradient_that_somebody_else_has_written():
    nets = [build("adam", by_rows) for by_rows in (True, False)]
    for net in nets:
        train(net, 3)
        table = next(v for v in net.trainable_variables if v.by_rows or v.shape == (ROWS, COLUMNS))
        target = net.optimizer.gradient_targets()[id(table)]
        target.copy_from(np.ones((ROWS, COLUMNS), "float32"))
        train(net, 4, seed=50)
        view = target.writable()  # a writable view: from now on the gradient may change at any time
        view[...] = 3.0
        train(net, 2, seed=70)
        view[5:900] = 1.0
        train(net, 4, seed=90)
    assert bits(nets[0]) == bits(nets[1])


def test_steps_in_between_that_go_over_all_rows():
    """apply() called directly with other gradients, another optimizer, set_weights."""
    nets = [build("adam", by_rows) for by_rows in (True, False)]
    rng = np.random.default_rng(5)
    gradients = [rng.standard_normal(w.shape).astype("float32") for w in nets[0].get_weights()]
    for net in nets:
        train(net, 3)
        net.optimizer.apply(gradients, net.trainable_variables)
        train(net, 3, seed=50)
        net.set_weights([w * 0.5 for w in net.get_weights()])
        train(net, 3, seed=60)
        net.optimizer.set_weights(
            [v.numpy() * (0 if v.shape == (ROWS, COLUMNS) else 1) for v in net.optimizer.variables]
        )
        train(net, 3, seed=80)
        first = net.optimizer
        net.compile(optimizers.SGD(0.1, momentum=0.5, clipvalue=0.01), "mse")
        train(net, 3, seed=90)
        net.compile(first, "mse")
        train(net, 3, seed=99)
    assert bits(nets[0]) == bits(nets[1])


def test_fit_and_a_resumed_fit(tmp_path):
    x, y = ids(60, 1), np.full((60, 2), 0.5, "float32")
    results = []
    for by_rows in (True, False):
        net = build("adam", by_rows)
        net.fit(x, y, batch_size=8, epochs=2, verbose=0)
        results.append(bits(net))
    assert results[0] == results[1]

    def resumable():
        netlet.utils.set_random_seed(3)
        model = netlet.Sequential(
            [netlet.Input((4,), dtype="int32"), layers.Embedding(ROWS, COLUMNS), layers.Flatten(), layers.Dense(2)]
        )
        model.compile("adam", "mse")
        return model

    unbroken = resumable()
    unbroken.fit(x, y, batch_size=8, epochs=4, verbose=0)
    broken = resumable()
    broken.fit(x, y, batch_size=8, epochs=2, verbose=0)
    broken.save(tmp_path / "m.netlet")
    again = netlet.saving.load_model(tmp_path / "m.netlet")
    again.fit(x, y, batch_size=8, epochs=4, initial_epoch=2, verbose=0)
    assert bits(again) == bits(unbroken)


def test_a_custom_step_may_change_the_gradient():
    class Halved(netlet.Model):
        def train_step(self, data):
            x, y = data[0], data[1]
            with netlet.GradientTape() as tape:
                loss = self.compute_loss(x, y, self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply([g * 0.5 for g in gradients], self.trainable_variables)
            return {"loss": loss}

    results = []
    for by_rows in (True, False):
        inner = build("adam", by_rows)
        net = Halved(inner.inputs[0], inner.outputs[0])
        net.compile(optimizers.Adam(0.01), "mse")
        train(net, 6)
        results.append(bits(net))
    assert results[0] == results[1]


def test_a_step_that_is_stopped_changes_nothing_and_the_next_is_right():
    nets = [build("adam", by_rows) for by_rows in (True, False)]
    for net in nets:
        train(net, 3)
        with pytest.raises(netlet.training.results.NonFiniteLossError):
            net.train_on_batch(ids(8, 0), np.full((8, 2), np.nan, "float32"))
        bad = ids(8, 0)
        bad[0, 0] = ROWS
        with pytest.raises(ValueError, match="lies outside"):
            net.train_on_batch(bad, np.full((8, 2), 0.5, "float32"))
        train(net, 3, seed=20)
    assert bits(nets[0]) == bits(nets[1])


def test_epsilon_0_divides_by_0_everywhere_as_it_must():
    nets = []
    for by_rows in (True, False):
        net = build("adam", by_rows)
        net.compile(optimizers.Adam(0.01, epsilon=0.0), "mse", check_finite=False)
        train(net, 2)
        nets.append(net)
    assert np.isnan(nets[0].get_weights()[0][2999]).all()
    assert bits(nets[0]) == bits(nets[1])


def test_a_small_table_is_none():
    model = netlet.Sequential(
        [netlet.Input((4,), dtype="int32"), layers.Embedding(50, 4), layers.Flatten(), layers.Dense(2)]
    )
    model.compile("adam", "mse")
    model.train_on_batch(ids(4, 0) % 50, np.zeros((4, 2), "float32"))
    assert not model.optimizer.gradient_rows()


def test_maps_are_checked():
    p, m = _core.tensor(np.zeros(12, "float32")), _core.tensor(np.zeros(12, "float32"))
    cells = _core.tensor(np.float64(0.1)), _core.tensor(np.int64(0))
    rows = _core.RowMap(4, unknown=1, of=[p])
    np.testing.assert_array_equal(rows.bytes, [1, 1, 1, 1])
    with pytest.raises(RuntimeError, match="only plans update a row map"):
        _core.sgd_update(p, p, None, *cells, written=rows)
    tape = _core.Tape(record=True)
    with tape:
        with pytest.raises(ValueError, match="divides the 12 parameters, received 5 and 5 rows"):
            _core.sgd_update(p, p, None, *cells, written=_core.RowMap(5, unknown=1, of=[p]))
        with pytest.raises(ValueError, match="received 0 and 0 rows"):
            _core.sgd_update(p, p, None, *cells, written=_core.RowMap(0, unknown=1, of=[p]))
        with pytest.raises(ValueError, match="expected a map of the used rows of the slots"):
            _core.sgd_update(p, p, m, *cells, written=rows)
        with pytest.raises(ValueError, match="received 4 and 3 rows"):
            _core.sgd_update(p, p, m, *cells, written=rows, used=_core.RowMap(3, unknown=1, of=[p]))
    v = Variable(np.zeros((5, 2), "float32"))
    with pytest.raises(ValueError, match=r"does not fit shape \(5, 2\)"):
        tape.set_grad_target(v._tensor, v._tensor, rows)
