"""Graphs of ops, own layers, nested and shared layers, names, sizes that are not known."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import netlet
from netlet import layers, ops
from support.exported import assert_same_outputs, exported, random_weights


def data(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def test_op_nodes(tmp_path):
    x = netlet.Input((4, 6))
    y = ops.concatenate([x * 2 + 1, ops.relu(x)], -1)
    y = ops.reshape(ops.transpose(y, (0, 2, 1))[:, 1:5, ::2], (-1, 8))
    model = netlet.Model(x, ops.exp(ops.softmax(y) - ops.mean(y, axis=-1, keepdims=True)))
    assert_same_outputs(model, exported(model, tmp_path), [data(3, 4, 6)])


OPS = {
    "add": lambda x: x + 1,
    "average": lambda x: ops.average(x, -1, weights=np.arange(6.0, dtype="float32")),
    "cbrt": lambda x: ops.cbrt(x),
    "diff": lambda x: ops.diff(x, 2, 1),
    "fliplr": lambda x: ops.fliplr(x),
    "fmax": lambda x: ops.fmax(ops.sqrt(x), 0.5),
    "heaviside": lambda x: ops.heaviside(ops.relu(x), 0.5),
    "isneginf": lambda x: ops.isneginf(ops.log(ops.relu(x))),
    "nan_to_num": lambda x: ops.nan_to_num(ops.sqrt(x), 2.0),
    "nanmean": lambda x: ops.nanmean(ops.sqrt(x)),
    "stft": lambda x: ops.stft(x, 3, 1, 4),
    "switch": lambda x: ops.select([x > 1, x > 0], [x, 2 * x], 3.0),
    "trace": lambda x: ops.trace(x[:, :2], 1, 1, 2),
    "trapezoid": lambda x: ops.trapezoid(x, dx=0.5),
    "argmax": lambda x: ops.argmax(x, axis=-1),
    "argsort": lambda x: ops.argsort(x, axis=1),
    "clip": lambda x: ops.clip(x, -1, 1),
    "cumsum": lambda x: ops.cumsum(x, axis=1),
    "diagonal": lambda x: ops.diagonal(x[:, :2], 1, 1, 2),
    "divide_no_nan": lambda x: ops.divide_no_nan(x, ops.relu(x)),
    "dot": lambda x: ops.dot(x, x[0, 0]),
    "einsum": lambda x: ops.einsum("bij,bkj->bik", x, x),
    "expand_dims": lambda x: ops.expand_dims(x, (1, -1)),
    "flip": lambda x: ops.flip(x, 1),
    "floor_divide": lambda x: x // 0.7,
    "glu": lambda x: ops.glu(x),
    "hypot": lambda x: ops.hypot(x, x),
    "isfinite": lambda x: ops.isfinite(x / ops.relu(x)),
    "log1p": lambda x: ops.log1p(ops.abs(x)),
    "log_softmax": lambda x: ops.log_softmax(x),
    "logaddexp": lambda x: ops.logaddexp(x, 2 * x),
    "logsumexp": lambda x: ops.logsumexp(x, -1),
    "matmul": lambda x: x @ ops.transpose(x, (0, 2, 1)),
    "max": lambda x: ops.max(x, axis=1),
    "mod": lambda x: x % 0.7,
    "moments": lambda x: ops.moments(x, [1]),
    "moveaxis": lambda x: ops.moveaxis(x, 1, -1),
    "norm": lambda x: ops.norm(x, axis=-1),
    "one_hot": lambda x: ops.one_hot(ops.argmax(x, -1), 6),
    "pad": lambda x: ops.pad(x, ((0, 0), (1, 1), (0, 0))),
    "power": lambda x: x**2,
    "ptp": lambda x: ops.ptp(x, axis=-1),
    "repeat": lambda x: ops.repeat(x, 2, 1),
    "roll": lambda x: ops.roll(x, 2, -1),
    "round": lambda x: ops.round(x, 1),
    "select": lambda x: ops.where(x > 0, x, 0.0),
    "sort": lambda x: ops.sort(x),
    "sparsemax": lambda x: ops.sparsemax(x),
    "split": lambda x: ops.split(x, [2, 3], -1),
    "stack": lambda x: ops.stack([x, 2 * x], 1),
    "std": lambda x: ops.std(x, 1),
    "take": lambda x: ops.take(x, np.array([0, 2]), 1),
    "tensordot": lambda x: ops.tensordot(x, np.ones((6, 2), "float32"), 1),
    "tile": lambda x: ops.tile(x, (1, 2, 1)),
    "top_k": lambda x: ops.top_k(x, 2),
    "tril": lambda x: ops.tril(x),
    "trunc": lambda x: ops.trunc(3 * x),
    "unstack": lambda x: ops.unstack(x, axis=-1),
    "var": lambda x: ops.var(x, -1),
    "zeros_like": lambda x: ops.zeros_like(x),
}


@pytest.mark.parametrize("length", [4, None])
@pytest.mark.parametrize("name", OPS)
def test_an_op(name, length, tmp_path):
    x = netlet.Input((length, 6))
    outputs = OPS[name](x)
    model = netlet.Model(x, list(outputs) if isinstance(outputs, (list, tuple)) else outputs)
    assert_same_outputs(model, exported(model, tmp_path), [data(3, 4, 6)])


class Own(layers.Layer):
    """Reads sizes, and makes arrays of them."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense, self.norm = layers.Dense(4, activation="relu"), layers.LayerNormalization()

    def build(self, shape):
        self.w = self.add_weight(name="w", shape=(4,), initializer="ones")
        self.built = True

    def call(self, x):
        b, t = ops.shape(x)[0], ops.shape(x)[1]
        y = ops.reshape(self.norm(self.dense(x)), (b, t * 2, 2))
        y = ops.reshape(y, (b, t, 4)) * self.w
        steps = ops.cast(ops.reshape(ops.arange(t), (1, t, 1)), "float32")
        return ops.concatenate([y, ops.ones((b, t, 1))], -1) + steps


@pytest.mark.parametrize("length", [5, None])
def test_own_layers_are_traced(length, tmp_path):
    model = random_weights(netlet.Sequential([netlet.Input((length, 6)), Own(), Own()]))
    before = [(len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in model._flatten_layers()]
    proto = exported(model, tmp_path)
    assert_same_outputs(model, proto, [data(2, 5, 6)])
    assert_same_outputs(model, proto, [data(3, 5 if length else 7, 6)])
    assert before == [(len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in model._flatten_layers()]


SIZES = {
    "batch and time as one axis, and back": lambda x: ops.reshape(
        ops.reshape(x, (x.shape[0] * x.shape[1], x.shape[2])) @ np.ones((6, 3), "float32"), (*x.shape[:2], 3)
    ),
    "all but the last step": lambda x: x[:, : x.shape[1] - 1],
    "the last two steps": lambda x: x[:, x.shape[1] - 2 :],
    "twice as many steps": lambda x: ops.reshape(
        ops.broadcast_to(x[:, :, None], (*x.shape[:2], 2, 6)), (-1, 2 * x.shape[1], 6)
    ),
    "split": lambda x: ops.concatenate(ops.split(x, [1], axis=1)[::-1], axis=1),
    "mean by its formula": lambda x: ops.sum(x, axis=1) / ops.cast(ops.shape(x)[1], "float32"),
    "a range": lambda x: x + ops.cast(ops.arange(0, 2 * x.shape[1], 2), "float32")[:, None],
    "zeros": lambda x: ops.concatenate([ops.zeros((x.shape[0], 1, 6)), x[:, :-1]], 1),
}


@pytest.mark.parametrize("name", SIZES)
def test_formulas_of_sizes(name, tmp_path):
    model = netlet.Sequential([netlet.Input((None, 6)), layers.Lambda(SIZES[name])])
    proto = exported(model, tmp_path)
    for batch, steps in [(3, 4), (2, 7)]:
        assert_same_outputs(model, proto, [data(batch, steps, 6)])


def test_sizes_of_several_inputs_are_told_apart_or_refused(tmp_path):
    class Both(layers.Layer):
        def call(self, inputs):
            x, y = inputs
            return ops.reshape(x, (x.shape[0], x.shape[1] * 2, 3)), ops.zeros((y.shape[0], y.shape[1]))

    x, y = netlet.Input((None, 6)), netlet.Input((None, 6))
    model = netlet.Model([x, y], Both(name="both")([x, y]))
    with pytest.raises(NotImplementedError, match=r"'both'.*axis 1, which several inputs have"):
        model.export(tmp_path / "model.onnx")


def test_a_size_that_is_no_formula_is_refused(tmp_path):
    half = layers.Lambda(lambda x: x[:, : x.shape[1] // 2], name="half")
    model = netlet.Sequential([netlet.Input((None, 6)), half])
    with pytest.raises(NotImplementedError, match=r"'half'.*no simple formula"):
        model.export(tmp_path / "model.onnx")


def test_a_model_above_the_limit_of_a_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("netlet.export.onnx.model._LIMIT", 100)
    model = netlet.Sequential([netlet.Input((6,)), layers.Dense(20)])
    with pytest.raises(ValueError, match="at most 2 GiB"):
        model.export(tmp_path / "model.onnx")


def test_a_subclassed_model_and_a_lambda(tmp_path):
    class Both(netlet.Model):
        def __init__(self):
            super().__init__()
            self.a = layers.Dense(3, "tanh")
            self.b = netlet.Sequential([layers.Dense(4), layers.Lambda(lambda x: x * x.shape[-1])])

        def call(self, x, training=False):
            return self.b(self.a(x)), x[:, :2]

    model = Both()
    with pytest.raises(ValueError, match="not known"):
        model.export(tmp_path / "model.onnx")
    model(data(2, 5))
    assert_same_outputs(model, exported(model, tmp_path), [data(3, 5)])


def test_a_layer_that_looks_at_values_is_named(tmp_path):
    class Looks(layers.Layer):
        def call(self, x):
            return x if ops.sum(x) > 0 else -x

        def compute_output_shape(self, shape):
            return shape

    sorts = layers.Lambda(lambda x: ops.median(x, -1, keepdims=True), name="median")
    model = netlet.Sequential([netlet.Input((20,)), sorts, Looks(name="looks")])
    with pytest.raises(NotImplementedError, match=r"2 part\(s\).*'median' \(Lambda\).*'looks' \(Looks\)"):
        model.export(tmp_path / "model.onnx")


def test_names_shared_layers_and_bytes(tmp_path):
    shared = layers.Dense(4, name="shared")
    inner = netlet.Sequential([netlet.Input((4,)), layers.Dense(4, "relu", name="inside")], name="inner")
    a, b = netlet.Input((6,), name="left"), netlet.Input((6,), name="right")
    both = [inner(shared(a)), inner(shared(b))]
    model = netlet.Model([a, b], [layers.Add(name="total")(both), layers.Concatenate(name="pair")(both)], name="twins")
    model = random_weights(model)
    proto = exported(model, tmp_path)
    assert_same_outputs(model, proto, [data(2, 6), data(2, 6)])
    assert [i.name for i in proto.graph.input] == ["left", "right"]
    assert [o.name for o in proto.graph.output] == ["total", "pair"]
    assert sorted(t.name for t in proto.graph.initializer if len(t.dims) == 2) == [
        "inner/inside/kernel",
        "shared/kernel",
    ]
    assert (proto.producer_name, proto.producer_version) == ("netlet", netlet.__version__)
    assert proto.graph.name == "twins" and "twins" in proto.doc_string
    first = (tmp_path / "model.onnx").read_bytes()
    model.export(tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == first


def test_an_input_that_is_an_output_and_one_layer_for_two_outputs(tmp_path):
    x = netlet.Input((6,), name="x")
    y = layers.Dense(2, name="y")(x)
    model = netlet.Model(x, [x, y, y])
    proto = exported(model, tmp_path)
    assert [o.name for o in proto.graph.output] == ["x_1", "y", "y_1"]
    assert_same_outputs(model, proto, [data(2, 6)])


@pytest.mark.parametrize("arguments", [{"axes": 2}, {"axes": 2, "normalize": True}, {"axes": (2, 1)}], ids=str)
def test_dot_of_two_lengths(arguments, tmp_path):
    x, y = netlet.Input((None, 6)), netlet.Input((None, 6) if arguments["axes"] == 2 else (6, None))
    model = netlet.Model([x, y], layers.Dot(**arguments)([x, y]))
    other = data(2, 7, 6) if arguments["axes"] == 2 else data(2, 6, 7)
    assert_same_outputs(model, exported(model, tmp_path), [data(2, 5, 6), other])


def test_inputs_and_outputs_in_dicts(tmp_path):
    a, b = netlet.Input((6,), name="a"), netlet.Input((6,), name="b")
    model = netlet.Model({"a": a, "b": b}, {"sum": a + b, "out": layers.Dense(2)(a)})
    proto = exported(model, tmp_path)
    x, y = data(2, 6), data(2, 6)
    wanted = {k: np.asarray(v) for k, v in model({"a": x, "b": y}).items()}
    evaluator = onnx.reference.ReferenceEvaluator(proto)
    found = dict(zip(sorted(wanted), evaluator.run(None, {"a": x, "b": y})))
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", "float16", "float64"])
def test_policies(policy, tmp_path):
    """Halves are rounded after each operator: up to 2 units of the last place (2^-10) of the largest output."""
    last = "float32" if "mixed" in policy else policy
    hidden = [layers.Dense(8, "relu", dtype=policy), layers.LayerNormalization(dtype=policy)]
    model = netlet.Sequential([netlet.Input((6,), dtype="float32"), *hidden, layers.Dense(3, "softmax", dtype=last)])
    tolerance = 1e-6 if policy == "float64" else 2 * 2**-10
    assert_same_outputs(model, exported(random_weights(model), tmp_path), [data(4, 6)], tolerance)


def test_bfloat16_in_the_reference_evaluator(tmp_path):
    """ONNX Runtime has no kernels of bfloat16 on CPUs."""
    model = netlet.Sequential([netlet.Input((6,)), layers.Dense(8, dtype="mixed_bfloat16"), layers.Dense(3)])
    proto = exported(random_weights(model), tmp_path)
    assert_same_outputs(model, proto, [data(4, 6)], 2 * 2**-7, runtime=False)


def test_bad_arguments(tmp_path):
    model = netlet.Sequential([netlet.Input((6,)), layers.Dense(2)])
    path = tmp_path / "model.onnx"
    with pytest.raises(ValueError, match=r"`format` to be one of \('onnx',\), received 'tf_saved_model'"):
        model.export(path, "tf_saved_model")
    with pytest.raises(ValueError, match="`opset_version` from 21 to"):
        model.export(path, opset_version=12)
    with pytest.raises(ValueError, match="`quantized` to be one of"):
        model.export(path, quantized="int8")
    with pytest.raises(TypeError, match="unexpected"):
        model.export(path, dynamo=True)
    assert not path.exists()


def test_an_input_signature(tmp_path, capsys):
    model = netlet.Sequential([netlet.Input((6,)), layers.Dense(2)])
    signature = [netlet.layers.InputSpec(shape=(4, 6), dtype="float32", name="rows")]
    proto = exported(model, tmp_path, input_signature=signature, verbose=True, opset_version=22)
    assert [d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim] == [4, 6]
    assert proto.graph.input[0].name == "rows" and proto.opset_import[0].version == 22
    assert "model.onnx" in capsys.readouterr().out


def test_dtypes_that_a_version_of_operators_lacks(tmp_path):
    """Conv computes in bfloat16 from version 22 on."""
    model = netlet.Sequential([netlet.Input((6, 6, 3)), layers.Conv2D(4, 3, dtype="mixed_bfloat16")], name="net")
    with pytest.raises(ValueError, match=r"operators of version 21 compute, received 'net'.*from 22 on, bfloat16 too"):
        model.export(tmp_path / "m.onnx", format="onnx")
    assert not (tmp_path / "m.onnx").exists()
    model.export(tmp_path / "m.onnx", format="onnx", opset_version=22)
