"""compile leaves the model unchanged if it fails; losses and metrics are listed, named and reset as in Keras."""

import json

import numpy as np
import pytest

import netlet
from netlet import layers, ops

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 3)).astype("float32"), RNG.standard_normal((12, 2)).astype("float32")


def one_output(cls=netlet.Model):
    inputs = netlet.Input((3,))
    return cls(inputs, layers.Dense(2)(inputs))


def two_outputs(cls=netlet.Model):
    inputs = netlet.Input((3,))
    return cls(inputs, [layers.Dense(2, name="a")(inputs), layers.Dense(2, name="b")(inputs)])


class Guide(netlet.Model):
    """The train_step of Keras's guide "Customizing what happens in fit()"."""

    def train_step(self, data):
        x, y = data[:2]
        with netlet.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_the_loop_over_metrics_of_the_guide(run_eagerly):
    netlet.utils.set_random_seed(0)
    guide, plain = one_output(Guide), one_output()
    plain.set_weights(guide.get_weights())
    for model in (guide, plain):
        model.compile("sgd", "mse", metrics=["mae"], run_eagerly=run_eagerly)
    logs = [m.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history for m in (guide, plain)]
    assert logs[0].keys() == logs[1].keys() == {"loss", "mae"}
    for name in logs[1]:
        np.testing.assert_allclose(logs[0][name], logs[1][name], rtol=1e-6)


def test_metrics_are_there_from_compile_on():
    model = one_output()
    model.compile("sgd", "mse", metrics=["mae"])
    assert [m.name for m in model.metrics] == ["loss", "compile_metrics"]
    container = model.metrics[1]
    assert container.variables == []
    model.fit(X, Y, verbose=0)
    assert model.metrics[1] is container
    assert len(container.variables) == 2
    assert float(container.variables[1].numpy()) == 12.0
    model.reset_metrics()
    assert float(container.variables[1].numpy()) == 0.0


def test_metrics_of_one_name_are_all_logged():
    """Names and values are Keras 3's, except that in Keras a metric of the model itself replaces the compiled one."""

    class Own(netlet.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.own = netlet.metrics.Sum(name="mae")

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            self.own.update_state(ops.ones((2,)))
            return super().compute_metrics(x, y, y_pred, sample_weight)

    model = one_output(Own)
    q = [netlet.metrics.MeanAbsoluteError(name="q"), netlet.metrics.MeanSquaredError(name="q")]
    model.compile("sgd", "mse", metrics=[*q, "mae"], weighted_metrics=["mae", "mae"])
    logs = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert list(logs) == ["loss", "q", "q_1", "mae", "weighted_mae", "weighted_mae_1", "mae_1"]
    assert logs["q"] == logs["mae"] == logs["weighted_mae_1"] != logs["q_1"]
    np.testing.assert_allclose(logs["q_1"], logs["loss"], rtol=1e-5)
    assert logs["mae_1"] == 2.0


def test_evaluate_lists_the_outputs_as_keras_does():
    model = two_outputs()
    model.compile("sgd", "mse", metrics=[["mae"], ["mse", "mae"]])
    logs = model.evaluate(X, [Y, Y], verbose=0, return_dict=True)
    assert list(logs) == ["loss", "a_loss", "b_loss", "a_mae", "b_mae", "b_mse"]


@pytest.mark.parametrize(("at", "loss"), [(0, ["mse", None]), (1, [None, "mse"])])
def test_an_output_without_a_loss_needs_no_y(at, loss):
    model = two_outputs()
    metrics = [None, None]
    metrics[at] = ["mse"]
    model.compile("sgd", loss, metrics=metrics)
    logs = model.evaluate(X, Y, verbose=0, return_dict=True)
    expected = np.mean((model.predict(X, verbose=0)[at] - Y) ** 2)
    np.testing.assert_allclose(list(logs.values()), expected, rtol=1e-5)
    model.fit(X, Y, verbose=0)


def test_labels_of_a_later_output_alone():
    model = two_outputs()
    model.compile("sgd", [None, netlet.losses.SparseCategoricalCrossentropy(from_logits=True)])
    labels = np.arange(12) % 2
    z = model.predict(X, verbose=0)[1]
    expected = np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(12), labels])
    np.testing.assert_allclose(model.evaluate(X, labels, verbose=0), expected, rtol=1e-5)


def test_compute_loss_without_training():
    class Own(netlet.Model):
        def compute_loss(self, x, y, y_pred, sample_weight=None):
            return ops.mean(ops.abs(y - y_pred))

    model = one_output(Own)
    model.compile("sgd")
    expected = np.mean(np.abs(model.predict(X, verbose=0) - Y))
    np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), expected, rtol=1e-6)
    np.testing.assert_allclose(model.fit(X, Y, verbose=0).history["loss"], [expected], rtol=1e-6)


WRONG = {
    "optimizer": {"optimizer": "addam"},
    "loss": {"loss": "mss"},
    "a loss that is none": {"loss": 3},
    "one of several losses": {"loss": {"a": "mse", "b": "mss"}},
    "weights of losses": {"loss": "mse", "loss_weights": ["heavy"]},
    "metric": {"loss": "mse", "metrics": ["maee"]},
    "a metric that is none": {"loss": "mse", "metrics": [3]},
    "weighted metric": {"loss": "mse", "weighted_metrics": [["maee"]]},
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_a_compile_that_fails_changes_nothing(arguments, tmp_path):
    model = one_output()
    with pytest.raises(ValueError):
        model.compile(**arguments)
    assert not model.compiled
    model.save(tmp_path / "model.netlet")
    assert not netlet.models.load_model(tmp_path / "model.netlet").compiled

    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0)
    before = dict(vars(model))
    with pytest.raises(ValueError):
        model.compile(**arguments)
    assert {name: value for name, value in vars(model).items() if value is not before[name]} == {}
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.netlet")
    assert netlet.models.load_model(tmp_path / "model.netlet").compiled


def test_without_an_optimizer():
    model = one_output()
    model.compile(None, "mse")
    with pytest.raises(ValueError, match="no optimizer to train with"):
        model.fit(X, Y, verbose=0)

    class Own(netlet.Model):
        def train_step(self, data):
            self.layers[1].bias.assign_add(ops.ones((2,)))
            return {"seen": ops.sum(data[0])}

    model = one_output(Own)
    model.compile(None)
    model.fit(X, Y, epochs=3, verbose=0)
    np.testing.assert_array_equal(model.layers[1].bias.numpy(), [3.0, 3.0])


def test_a_class_with_a_compile_of_its_own_is_loaded_uncompiled(tmp_path):
    class Pair(netlet.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = layers.Dense(2)

        def compile(self, first, second):
            super().compile(first)
            self.second = second

        def call(self, x):
            return self.inner(x)

    model = Pair()
    model.compile("adam", "sgd")
    expected = model.predict(X, verbose=0)
    model.save(tmp_path / "model.netlet")
    with pytest.warns(UserWarning, match=r"model's `compile\(\)` method is custom.* in Pair too"):
        loaded = netlet.models.load_model(tmp_path / "model.netlet", custom_objects={"Pair": Pair})
    assert not loaded.compiled
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), expected)


def test_the_compile_config_is_kerass_and_goes_there_and_back():
    import keras

    arguments = {
        "loss_weights": {"a": 1.0, "b": 2.0},
        "weighted_metrics": {"b": ["mse"]},
        "steps_per_execution": 2,
        "jit_compile": False,
    }
    configs = []
    for library in (keras, netlet):
        inputs = library.Input((3,))
        dense = library.layers.Dense
        model = library.Model(inputs, {"a": dense(2)(inputs), "b": dense(2)(inputs)})
        losses = {"a": "mse", "b": library.losses.Huber(2.0)}
        assert not model.get_compile_config()
        model.compile(
            library.optimizers.SGD(0.5),
            losses,
            metrics={"a": [library.metrics.MeanAbsoluteError(name="q")]},
            **arguments,
        )
        configs.append(json.loads(json.dumps(model.get_compile_config())))
    theirs, ours = configs
    assert list(ours) == list(theirs)
    assert {k: ours[k] for k in arguments} == {k: theirs[k] for k in arguments}
    assert ours["loss"]["b"]["config"] == {"name": "huber_loss", "reduction": "sum_over_batch_size", "delta": 2.0}
    assert (ours["loss"]["a"], ours["loss"]["b"]["class_name"]) == ("mse", "Huber")
    for config in configs:
        again = netlet.Model.from_config(model.get_config())
        again.compile_from_config(config)
        assert again.optimizer.learning_rate == 0.5
        assert again.loss["a"] == "mse"
        assert isinstance(again.loss["b"], netlet.losses.Huber)
        # Keras's config lacks the delta.
        assert again.loss["b"].delta == (2.0 if config is ours else 1.0)
        again.fit(X, {"a": Y, "b": Y}, verbose=0)
        assert again.metrics[1].metrics[0].name == "q"


def test_only_an_unusual_check_finite_is_in_the_config():
    model = one_output()
    model.compile("sgd", "mse")
    assert "check_finite" not in model.get_compile_config()
    model.compile("sgd", "mse", check_finite=False)
    again = one_output()
    again.compile_from_config(model.get_compile_config())
    assert again.check_finite is False
    model.compile("sgd", lambda y_true, y_pred: ops.mean(y_pred))
    with pytest.raises(ValueError, match="A lambda cannot be saved"):
        model.get_compile_config()
    copy = netlet.models.clone_model(model)
    assert copy.loss is model.loss


def test_each_compile_starts_anew():
    model = two_outputs()
    for loss, metrics, names in [
        ("mse", [["mae"], []], {"loss", "a_loss", "b_loss", "a_mae"}),
        (["mse", None], None, {"loss"}),
        ({"b": "mae"}, {"b": ["mse"]}, {"loss", "b_mse"}),
    ]:
        model.compile("sgd", loss, metrics=metrics)
        assert set(model.fit(X, [Y, Y], verbose=0).history) == names
