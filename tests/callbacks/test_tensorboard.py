"""TensorBoard: what its own reader finds in the event files."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

import netlet
from netlet import callbacks, layers
from support.child import run_child

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((64, 8)).astype("float32"), (np.arange(64) % 3).astype("int32")


def read(folder):
    """{tag: [(step, tensor's proto)]} of an event folder."""
    events = accumulator.EventAccumulator(os.fspath(folder), size_guidance={"tensors": 0})
    events.Reload()
    return {
        tag: [(event.step, event.tensor_proto) for event in events.Tensors(tag)] for tag in events.Tags()["tensors"]
    }


def numbers(events, tag):
    return [(step, proto.float_val[0]) for step, proto in events[tag]]


def make():
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential([netlet.Input((8,)), layers.Dense(4, "relu", name="a"), layers.Dense(3, "softmax")])
    model.compile(netlet.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fit(folder, model=None, **kwargs):
    model = make() if model is None else model
    board = callbacks.TensorBoard(folder, **kwargs)
    history = model.fit(X, Y, batch_size=16, epochs=3, verbose=0, validation_split=0.25, callbacks=[board]).history
    return model, history


def test_numbers_of_epochs_and_evaluations(tmp_path):
    _, history = fit(tmp_path)
    train, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    for name in ("loss", "accuracy"):
        assert numbers(train, f"epoch_{name}") == [(i, np.float32(v)) for i, v in enumerate(history[name])]
        assert numbers(validation, f"epoch_{name}") == [
            (i, np.float32(v)) for i, v in enumerate(history[f"val_{name}"])
        ]
        steps = [(3 * (i + 1), np.float32(v)) for i, v in enumerate(history[f"val_{name}"])]
        assert numbers(validation, f"evaluation_{name}_vs_iterations") == steps
    assert numbers(train, "epoch_learning_rate") == [(i, np.float32(1e-2)) for i in range(3)]
    assert sorted(train) == ["epoch_accuracy", "epoch_learning_rate", "epoch_loss", "keras"]


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", range(1, 10)), (1, range(1, 10)), (4, [4, 8])])
def test_numbers_of_batches(update_freq, steps, tmp_path):
    losses = []

    class Kept(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            losses.append(logs["loss"])

    board = callbacks.TensorBoard(tmp_path, update_freq=update_freq, write_steps_per_second=True)
    make().fit(X[:48], Y[:48], batch_size=16, epochs=3, verbose=0, callbacks=[Kept(), board])
    train = read(tmp_path / "train")
    assert numbers(train, "batch_loss") == [(n, np.float32(losses[n - 1])) for n in steps]
    assert [step for step, _ in train["batch_steps_per_second"]] == list(steps)
    assert all(value > 0 for _, value in numbers(train, "epoch_steps_per_second"))


def test_no_return_to_python_without_need(tmp_path):
    assert not callbacks.TensorBoard(tmp_path)._wants_batches("train")
    assert callbacks.TensorBoard(tmp_path, update_freq=100)._wants_batches("train")
    assert callbacks.TensorBoard(tmp_path, profile_batch=2)._wants_batches("train")
    assert not callbacks.TensorBoard(tmp_path, update_freq=1)._wants_batches("test")


def test_the_graph(tmp_path):
    keras_util = pytest.importorskip("tensorboard.plugins.graph.keras_util")
    fit(tmp_path)
    ((step, proto),) = read(tmp_path / "train")["keras"]
    graph = keras_util.keras_model_to_graph_def(json.loads(proto.string_val[0]))
    assert step == 0 and any(node.name.endswith("/a") for node in graph.node)
    fit(tmp_path / "without", write_graph=False)
    assert "keras" not in read(tmp_path / "without" / "train")


def test_histograms_and_images(tmp_path):
    model, _ = fit(tmp_path, histogram_freq=2, write_images=True)
    train = read(tmp_path / "train")
    path = model.layers[0].kernel.path
    events = train[f"{path}/histogram"]
    assert [step for step, _ in events] == [0, 2]
    proto = events[1][1]
    rows = np.frombuffer(proto.tensor_content, "float64").reshape([d.size for d in proto.tensor_shape.dim])
    want, edges = np.histogram(model.layers[0].kernel.numpy().astype("float64"), 30)
    np.testing.assert_array_equal(rows[:, 2], want)
    np.testing.assert_allclose(rows[:, 0], edges[:-1], rtol=1e-6)
    _, image = train[f"{path}/image"][0]
    width, height, png = image.string_val
    assert (int(width), int(height)) == (8, 4) and png.startswith(b"\x89PNG")


def test_the_profile_changes_nothing(tmp_path):
    plain, _ = fit(tmp_path / "plain")
    profiled, _ = fit(tmp_path / "profiled", profile_batch=(2, 4))
    for a, b in zip(plain.get_weights(), profiled.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    ((step, proto),) = read(tmp_path / "profiled" / "train")["batch_4"]
    assert step == 4 and b"adam_update" in proto.string_val[0] and b"GFLOP/s" in proto.string_val[0]


def test_embeddings(tmp_path):
    model = netlet.Sequential(
        [netlet.Input((3,)), layers.Embedding(5, 2, name="words"), layers.Flatten(), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    board = callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"words": "words.tsv"})
    model.fit(np.zeros((4, 3), "int32"), np.zeros(4), verbose=0, callbacks=[board])
    text_format = pytest.importorskip("google.protobuf.text_format")
    from tensorboard.plugins.projector import ProjectorConfig

    config = text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), ProjectorConfig())
    (entry,) = config.embeddings
    assert entry.metadata_path == "words.tsv"
    written = np.loadtxt(tmp_path / entry.tensor_path, delimiter="\t", dtype="float32")
    np.testing.assert_array_equal(written, model.layers[0].embeddings.numpy())


@pytest.mark.parametrize("wrong", [-1, (5, 2), (1, 2, 3), "1,2,3", (0.5, 1)])
def test_wrong_profile_batch(wrong, tmp_path):
    with pytest.raises(ValueError, match="profile_batch must be a non-negative integer or 2-tuple"):
        callbacks.TensorBoard(tmp_path, profile_batch=wrong)


def test_other_wrong_arguments(tmp_path):
    with pytest.raises(ValueError, match="update_freq"):
        callbacks.TensorBoard(tmp_path, update_freq="step")
    with pytest.raises(ValueError, match=r"Unrecognized `Embedding` layer names .*\['b'\]"):
        make().fit(
            X,
            Y,
            verbose=0,
            callbacks=[callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"b": "x"})],
        )


def test_in_a_keras_script(tmp_path):
    """Where netlet stands for tensorflow.keras, tensorboard must not look for more of TensorFlow."""
    code = f"""
        import netlet
        netlet.compat.install()
        import keras
        from tensorflow.keras.callbacks import TensorBoard
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit([[0.0, 1.0]], [1.0], verbose=0, callbacks=[TensorBoard({os.fspath(tmp_path)!r})])
    """
    run_child(code)
    assert "epoch_loss" in read(tmp_path / "train")
