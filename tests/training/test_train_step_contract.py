"""Overridden train_step, test_step and predict_step receive and return the same as in Keras."""

import numpy as np
import pytest

import netlet
from netlet import layers, ops

RNG = np.random.default_rng(0)
X = RNG.standard_normal((24, 4)).astype(np.float32)
Y = (X[:, :1] * 2).astype(np.float32)
LABELS = np.arange(24) % 3
BOTH = pytest.mark.parametrize("eager", [False, True], ids=["recorded", "eager"])


def spy(eager, loss="mse", units=1):
    """A model that stores what its steps receive: the length of the tuple (0: only x) and the dtypes."""

    class Spy(netlet.Model):
        seen = None

        def note(self, data):
            parts = data if isinstance(data, tuple) else (data,)
            self.seen = (len(data) if isinstance(data, tuple) else 0, [None if p is None else p.dtype for p in parts])

        def train_step(self, data):
            self.note(data)
            return super().train_step(data)

        def test_step(self, data):
            self.note(data)
            return super().test_step(data)

        def predict_step(self, data):
            self.note(data)
            return super().predict_step(data)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            if y is None:
                return ops.mean(ops.square(y_pred))
            return super().compute_loss(x, y, y_pred, sample_weight, training)

    inputs = netlet.Input((4,))
    model = Spy(inputs, layers.Dense(units)(inputs))
    model.compile("sgd", loss, run_eagerly=eager)
    return model


@BOTH
def test_a_step_gets_what_the_data_has(eager):
    f, i = "float32", "int32"
    m = spy(eager)
    for given, expected in (
        ((X,), (0, [f])),
        ((X, Y), (2, [f, f])),
        ((X, LABELS), (2, [f, i])),
        ((X, Y.astype(np.float64)), (2, [f, f])),
        ((X, Y, np.ones(24)), (3, [f, f, f])),
    ):
        keywords = {"sample_weight": given[2]} if len(given) == 3 else {}
        m.fit(*given[:2], verbose=0, **keywords)
        assert m.seen == expected
        m.seen = None
        m.evaluate(*given[:2], verbose=0, **keywords)
        assert m.seen == expected
        m.seen = None
        m.train_on_batch(*given[:2], **keywords)
        assert m.seen in (expected, None)  # None: the step is already recorded, so Python code does not run
        m.fit(iter([given if len(given) > 1 else X]), verbose=0)
        m.seen = None
        m.test_on_batch(*given[:2], **keywords)
        assert m.seen in (expected, None)
    m.fit(iter([(X,)]), verbose=0)
    assert m.seen == (1, [f])
    m.fit(iter([[X, Y]]), verbose=0)
    m.predict(X, verbose=0)
    assert m.seen == (0, [f])
    m.predict(iter([(X, Y)]), verbose=0)
    assert m.seen == (2, [f, f])


@BOTH
def test_integer_targets_reach_an_own_loss_as_integers(eager):
    class Own(netlet.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            assert y.dtype == "int32"
            return ops.mean(ops.square(y_pred - ops.cast(y, "float32")[:, None]))

    inputs = netlet.Input((4,))
    model = Own(inputs, layers.Dense(1)(inputs))
    model.compile("sgd", "mse", metrics=["mae"], run_eagerly=eager)
    assert np.isfinite(model.fit(X, LABELS, verbose=0).history["mae"]).all()


class Autoencoder(netlet.Model):
    """As in Keras's VAE guide: no `call`, two sub-models of unknown input shape, its own metric trackers."""

    def __init__(self):
        super().__init__()
        self.encoder = netlet.Sequential([layers.Dense(3, "relu"), layers.Dense(2)])
        self.decoder = netlet.Sequential([layers.Dense(4)])
        self.loss_tracker = netlet.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.loss_tracker]

    def train_step(self, data):
        with netlet.GradientTape() as tape:
            loss = ops.mean(ops.square(self.decoder(self.encoder(data)) - data))
        grads = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.trainable_weights))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}


@BOTH
def test_a_model_without_call_trains(eager):
    model = Autoencoder()
    model.compile(netlet.optimizers.SGD(0.1), run_eagerly=eager)
    losses = model.fit(X, batch_size=8, epochs=4, verbose=0).history
    assert set(losses) == {"loss"} and losses["loss"][3] < losses["loss"][0]
    assert model.built and model.count_params() == 35 and int(model.optimizer.iterations) == 12
    # The tracker is reset in each epoch.
    before = model.fit(X, batch_size=24, shuffle=False, verbose=0).history["loss"]
    reconstructed = np.asarray(model.decoder(model.encoder(X)))
    after = model.fit(X, batch_size=24, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(after[0], np.mean((reconstructed - X) ** 2), rtol=1e-5)
    assert after[0] < before[0]
    if not eager:
        [step] = [s for k, s in model._steps._steps.items() if k[0] == "train" and k[1] == 24]
        kernels = [r["kernel"] for r in step.plan.records() if "sgd" in r["kernel"]]
        assert len(kernels) == 1, "all weights are updated by one kernel"


class Adversaries(netlet.Model):
    """`compile` takes two optimizers, as in Keras's GAN guide."""

    def __init__(self, noise):
        super().__init__()
        self.noise = noise
        self.critic = netlet.Sequential([layers.Dense(5, "tanh"), layers.Dense(1)])
        self.maker = netlet.Sequential([layers.Dense(5, "tanh"), layers.Dense(4)])
        self.critic_loss, self.maker_loss = netlet.metrics.Mean(name="critic"), netlet.metrics.Mean(name="maker")

    def compile(self, critic_optimizer, maker_optimizer, loss_fn, **kwargs):
        super().compile(**kwargs)
        self.critic_optimizer, self.maker_optimizer, self.loss_fn = critic_optimizer, maker_optimizer, loss_fn

    @property
    def metrics(self):
        return [self.critic_loss, self.maker_loss]

    def train_step(self, real):
        n = real.shape[0]
        noise = ops.convert_to_tensor(self.noise[:n])
        labels = ops.concatenate([ops.ones((n, 1)), ops.zeros((n, 1))], axis=0)
        for _ in range(2):
            images = ops.concatenate([self.maker(noise), real], axis=0)
            with netlet.GradientTape() as tape:
                critic_loss = self.loss_fn(labels, self.critic(images))
            grads = tape.gradient(critic_loss, self.critic.trainable_weights)
            self.critic_optimizer.apply_gradients(zip(grads, self.critic.trainable_weights))
        with netlet.GradientTape() as tape:
            maker_loss = self.loss_fn(ops.zeros((n, 1)), self.critic(self.maker(noise)))
        grads = tape.gradient(maker_loss, self.maker.trainable_weights)
        self.maker_optimizer.apply_gradients(zip(grads, self.maker.trainable_weights))
        self.critic_loss.update_state(critic_loss)
        self.maker_loss.update_state(maker_loss)
        return {m.name: m.result() for m in self.metrics}


def test_two_optimizers_recorded_and_eager_are_the_same():
    noise = RNG.standard_normal((8, 2)).astype(np.float32)
    results = []
    for eager in (False, True):
        netlet.utils.set_random_seed(0)
        model = Adversaries(noise)
        rate = netlet.optimizers.schedules.ExponentialDecay(0.1, 4, 0.5)
        model.compile(
            netlet.optimizers.Adam(rate),
            netlet.optimizers.SGD(0.1),
            netlet.losses.BinaryCrossentropy(from_logits=True),
            run_eagerly=eager,
        )
        history = model.fit(X, batch_size=8, epochs=3, shuffle=False, verbose=0).history
        assert int(model.critic_optimizer.iterations) == 18 and int(model.maker_optimizer.iterations) == 9
        results.append((history, model))
    (recorded, a), (eager, b) = results
    assert recorded.keys() == {"critic", "maker"}
    assert not a.optimizer.built and len(a.critic_optimizer.variables) == 1 + 2 * 4
    # A step reads its learning rate once; both updates of a recorded step use it.
    for name in recorded:
        np.testing.assert_allclose(recorded[name], eager[name], rtol=0.05)
    assert float(a.critic_optimizer.learning_rate) == float(b.critic_optimizer.learning_rate)


def test_the_optimizer_knows_all_weights_where_a_step_uses_some_at_a_time():
    class Halves(Autoencoder):
        def train_step(self, data):
            for part in (self.encoder, self.decoder):
                with netlet.GradientTape() as tape:
                    loss = ops.mean(ops.square(self.decoder(self.encoder(data)) - data))
                self.optimizer.apply(tape.gradient(loss, part.trainable_weights), part.trainable_weights)
            self.loss_tracker.update_state(loss)
            return {"loss": self.loss_tracker.result()}

    model = Halves()
    model.compile("adam")
    for optimizer in ("adam", "sgd"):
        model.compile(optimizer)
        assert np.isfinite(model.fit(X, batch_size=8, verbose=0).history["loss"]).all()
        assert int(model.optimizer.iterations) == 6


@BOTH
def test_logs_are_what_a_step_returns(eager):
    class Logging(netlet.Model):
        def train_step(self, data):
            logs = super().train_step(data)
            x, _ = data
            return {
                **logs,
                "number": 1.5,
                "tensor": ops.mean(x),
                "rate": self.optimizer.learning_rate,
                "nested": {"inner": 2},
            }

        def test_step(self, data):
            super().test_step(data)
            return {"only": ops.max(data[1])}

    inputs = netlet.Input((4,))
    model = Logging(inputs, layers.Dense(1)(inputs))
    model.compile(netlet.optimizers.SGD(0.25), "mse", metrics=["mae"], run_eagerly=eager)
    history = model.fit(X, Y, batch_size=24, validation_data=(X, Y), verbose=0).history
    assert set(history) == {"loss", "mae", "number", "tensor", "rate", "inner", "val_only"}
    assert history["number"] == [1.5] and history["rate"] == [0.25] and history["inner"] == [2.0]
    np.testing.assert_allclose(history["tensor"], X.mean(), rtol=1e-5)
    np.testing.assert_allclose(history["val_only"], Y.max(), rtol=1e-6)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(Y.max())
    for _ in range(2):
        values = model.train_on_batch(X, Y)
        assert values[2:] == [2.0, 1.5, 0.25, pytest.approx(X.mean(), rel=1e-5)]


@BOTH
def test_a_loss_of_ones_own_is_logged_under_the_name_of_the_compiled_one(eager):
    class Own(netlet.Model):
        def train_step(self, data):
            x, y = data
            with netlet.GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"loss": loss}

    inputs = netlet.Input((4,))
    model = Own(inputs, layers.Dense(1)(inputs))
    model.compile("sgd", "mse", run_eagerly=eager)
    expected = model.evaluate(X, Y, verbose=0)
    np.testing.assert_allclose(model.fit(X, Y, batch_size=24, verbose=0).history["loss"], expected, rtol=1e-5)


@BOTH
def test_compute_metrics_of_ones_own_is_logged(eager):
    class Own(netlet.Model):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return {**super().compute_metrics(x, y, y_pred, sample_weight), "largest": ops.max(y_pred)}

    inputs = netlet.Input((4,))
    model = Own(inputs, layers.Dense(1)(inputs))
    model.compile(netlet.optimizers.SGD(0.0), "mse", metrics=["mae"], run_eagerly=eager)
    history = model.fit(X, Y, batch_size=24, verbose=0).history
    np.testing.assert_allclose(history["largest"], model.predict(X, verbose=0).max(), rtol=1e-5)
    assert set(history) == {"loss", "mae", "largest"}


@BOTH
def test_what_is_no_dict_of_logs_is_refused(eager):
    class Wrong(Autoencoder):
        result = None

        def train_step(self, data):
            super().train_step(data)
            return self.result

    model = Wrong()
    model.compile("sgd", run_eagerly=eager)
    model.fit(X, verbose=0)  # a train_step that returns None: the metrics are logged
    for result, message in ((3.0, "expected a dict of logs"), ({"loss": model.loss_tracker}, "received the metric")):
        model.result = result
        model.compile("sgd", run_eagerly=eager)
        with pytest.raises(TypeError, match=message):
            model.fit(X, verbose=0)


def test_a_metric_with_a_reset_of_its_own_is_reset_by_repeated_batches():
    class Count(netlet.metrics.Metric):
        def __init__(self):
            super().__init__(name="count")
            self.value = self.add_weight(name="value")

        def reset_state(self):
            self.value.assign(100.0)

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.value.assign_add(1.0)

        def result(self):
            return self.value

    inputs = netlet.Input((4,))
    model = netlet.Model(inputs, layers.Dense(1)(inputs))
    model.compile("sgd", "mse", metrics=[Count()])
    model.train_on_batch(X, Y)
    assert [model.train_on_batch(X, Y)[1] for _ in range(3)] == [101.0] * 3


@BOTH
def test_batches_of_two_data_sets_side_by_side(eager):
    """Large unlabelled and small labelled batches, as in SimCLR; triplets and other numbers of arrays."""

    class SideBySide(netlet.Model):
        def __init__(self):
            super().__init__()
            self.encoder = layers.Dense(3)

        def train_step(self, data):
            (unlabelled, _), (labelled, labels) = data
            assert labels.dtype == "int32" and unlabelled.shape[0] == 20 and labelled.shape[0] == 4
            with netlet.GradientTape() as tape:
                loss = ops.mean(ops.square(self.encoder(unlabelled)))
                loss = loss + ops.mean(ops.square(self.encoder(labelled)[:, 0] - ops.cast(labels, "float32")))
            self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
            return {"loss": loss}

    def batches():
        for _ in range(3):
            yield (X[:20], LABELS[:20]), (X[20:], LABELS[20:])

    model = SideBySide()
    model.compile(netlet.optimizers.SGD(netlet.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)), run_eagerly=eager)
    assert np.isfinite(model.fit(batches(), verbose=0).history["loss"]).all()
    assert int(model.optimizer.iterations) == 3 and float(model.optimizer.learning_rate) == 0.0125

    class Four(Autoencoder):
        def train_step(self, data):
            _, _, _, last = data
            return super().train_step(last)

    model = Four()
    model.compile("sgd", run_eagerly=eager)
    assert np.isfinite(model.fit(iter([(X, X, Y, X)] * 2), verbose=0).history["loss"]).all()
    with pytest.raises(ValueError, match="same number of rows"):
        model.fit(X, Y[:20], verbose=0)


def test_packing():
    pack, unpack = netlet.utils.pack_x_y_sample_weight, netlet.utils.unpack_x_y_sample_weight
    assert pack(1) == 1 and pack([1, 2]) == ([1, 2],) and pack(1, 2) == (1, 2) and pack(1, 2, 3) == (1, 2, 3)
    assert unpack(1) == unpack((1,)) == (1, None, None) and unpack([1, 2]) == (1, 2, None)
    assert unpack({"a": 1}) == ({"a": 1}, None, None)
    with pytest.raises(ValueError, match="4 items"):
        unpack((1, 2, 3, 4))
