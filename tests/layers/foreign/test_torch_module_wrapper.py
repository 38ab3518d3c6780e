"""TorchModuleWrapper against PyTorch itself: values, gradients, training in recorded and eager steps, buffers."""

from __future__ import annotations

import numpy as np
import pytest

import netlet
from netlet import ops

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn
X = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")
Y = np.random.default_rng(1).normal(size=(12, 3)).astype("float32")


def wrapped(module, **arguments):
    return netlet.layers.TorchModuleWrapper(module, **arguments)


def mlp():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))


@pytest.mark.parametrize("eagerly", [False, True])
def test_trained_as_by_torch(eagerly):
    layer, own = wrapped(mlp()), mlp()
    model = netlet.Sequential([netlet.Input((5,)), layer])
    model.compile(netlet.optimizers.SGD(0.1), "mse", run_eagerly=eagerly)
    history = model.fit(X, Y, batch_size=6, epochs=2, shuffle=False, verbose=0).history["loss"]
    optimizer, losses = torch.optim.SGD(own.parameters(), 0.1), []
    for _ in range(2):
        for i in (0, 6):
            loss = nn.functional.mse_loss(own(torch.tensor(X[i : i + 6])), torch.tensor(Y[i : i + 6]))
            optimizer.zero_grad(), loss.backward(), optimizer.step()
            losses.append(loss.item())
    np.testing.assert_allclose(history, np.reshape(losses, (2, 2)).mean(1), rtol=1e-5)
    for variable, parameter, synced in zip(
        layer.trainable_variables, own.parameters(), layer.parameters(), strict=True
    ):
        np.testing.assert_allclose(variable.numpy(), parameter.detach().numpy(), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(variable.numpy(), synced.detach().numpy())
    np.testing.assert_allclose(model.predict(X, verbose=0), layer.module(torch.tensor(X)).detach().numpy(), rtol=1e-5)


def test_between_layers_of_netlet_and_symbols():
    conv = wrapped(nn.Conv2d(2, 3, 3))
    image = netlet.Input((2, 8, 8))
    h = conv(image)
    assert h.shape == (None, 3, 6, 6) and conv.compute_output_shape((None, 2, 5, 5)) == (None, 3, 3, 3)
    model = netlet.Model(image, netlet.layers.Dense(1)(netlet.layers.Flatten()(ops.relu(h))))
    model.compile("adam", "mse")
    x = np.random.default_rng(2).normal(size=(8, 2, 8, 8)).astype("float32")
    losses = model.fit(x, x.mean((1, 2, 3)), epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and [w.path.split("/")[-1] for w in conv.weights] == ["weight", "bias"]


@pytest.mark.parametrize("eagerly", [False, True])
def test_buffers_are_weights_and_follow_training(eagerly):
    layer, own = wrapped(nn.BatchNorm1d(5)), nn.BatchNorm1d(5)
    model = netlet.Sequential([netlet.Input((5,)), layer])
    model.compile("sgd", "mse", run_eagerly=eagerly)
    model.fit(X, X, batch_size=6, shuffle=False, verbose=0)
    own(torch.tensor(X[:6])), own(torch.tensor(X[6:]))
    mean, variance, count = layer.non_trainable_variables
    np.testing.assert_allclose(mean.numpy(), own.running_mean.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(variance.numpy(), own.running_var.numpy(), rtol=1e-5)
    assert int(count.numpy()) == 2
    before = mean.numpy().copy()
    layer(X, training=False)
    np.testing.assert_array_equal(mean.numpy(), before)


def test_gradients_structures_and_integers():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(7, 3)

        def forward(self, x, ids, scale=1.0):
            return {"sum": x.sum(1) * scale, "rows": (self.table(ids), ids + 1)}

    layer = wrapped(Two())
    x, ids = netlet.Variable(X), np.array([1, 1, 6])
    with netlet.GradientTape() as tape:
        out = layer(x, ids, scale=2.0)
        loss = ops.sum(out["sum"]) + ops.sum(out["rows"][0])
    assert out["rows"][1].numpy().tolist() == [2, 2, 7]
    dx, table = tape.gradient(loss, [x, *layer.trainable_variables])
    assert (dx.numpy() == 2).all() and table.numpy()[:, 0].tolist() == [0, 2, 0, 0, 0, 0, 1]


def test_dropout_draws_the_same_in_both_directions_and_inplace_modules_leave_the_inputs():
    layer = wrapped(nn.Sequential(nn.ReLU(inplace=True), nn.Dropout(0.5)))
    x = netlet.Variable(np.ones((30, 5), "float32"))
    with netlet.GradientTape() as tape:
        y = layer(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), y.numpy())
    assert set(np.unique(y.numpy())) == {0.0, 2.0} and (layer(x, training=True).numpy() != y.numpy()).any()
    before = torch.random.get_rng_state()
    layer(x, training=True)
    assert (torch.random.get_rng_state() == before).all(), "the caller's generator stays"
    values = np.full((2, 2), -1.0, "float32")
    assert not layer(values, training=False).numpy().any() and (values == -1).all()


def test_frozen_parameters_weights_files_and_mistakes(tmp_path):
    module = mlp()
    module[0].weight.requires_grad_(False)
    model = netlet.Sequential([netlet.Input((5,)), wrapped(module)])
    assert len(model.trainable_variables) == 3 and len(model.non_trainable_variables) == 1
    model.save_weights(tmp_path / "w.weights.netlet")
    second = netlet.Sequential([netlet.Input((5,)), wrapped(module)])
    second.load_weights(tmp_path / "w.weights.netlet")
    np.testing.assert_array_equal(second.predict(X, verbose=0), model.predict(X, verbose=0))
    with pytest.raises(ValueError, match="save_weights and load_weights"):
        model.save(tmp_path / "m.netlet")
    with pytest.raises(ValueError, match="LazyModules are not supported"):
        wrapped(nn.LazyLinear(3))
    assert wrapped(nn.Linear(5, 2), output_shape=(None, 2)).compute_output_shape((None, 5)) == (None, 2)
