"""config, random, utils: settings, seeds, names, structures, to_categorical, and details of messages."""

from __future__ import annotations

import copy
import json
import pickle
import threading

import keras
import numpy as np
import pytest
import scipy.stats

import netlet
from netlet import config, random
from netlet.base import naming, suggest, tree


@pytest.fixture
def floatx():
    before = config.floatx()
    yield
    config.set_floatx(before)


def test_floatx_is_the_default_of_layers(floatx):
    config.set_floatx("float64")
    assert netlet.layers.Dense(2)(np.zeros((1, 3))).dtype == "float64"
    assert netlet.ops.zeros(2).dtype == "float64" and netlet.Input((2,)).dtype == "float64"
    config.set_floatx("bfloat16")
    assert config.dtype_policy() == config.DTypePolicy("bfloat16") and netlet.ops.zeros(2).dtype == "bfloat16"
    with pytest.raises(ValueError, match="received 'int8'"):
        config.set_floatx("int8")


def test_settings():
    assert (config.backend(), config.image_data_format(), config.epsilon()) == ("netlet", "channels_last", 1e-7)
    with pytest.raises(ValueError, match="channels_last"):
        config.set_image_data_format("channels_first")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("float32", "float32"),
        (np.float64, "float64"),
        (np.dtype("int8"), "int8"),
        (float, "float32"),
        (int, "int32"),
        (bool, "bool"),
        (None, "float32"),
        (np.dtype(">f4"), "float32"),
        (config.DTypePolicy("float64"), "float64"),
    ],
)
def test_dtype_names(given, name):
    assert config.standardize_dtype(given) == name


@pytest.mark.parametrize("given", ["float8", "complex64", object, "nonsense", np.complex128])
def test_unknown_dtypes(given):
    with pytest.raises(ValueError, match="Unknown dtype"):
        config.standardize_dtype(given)


def test_policies():
    before = config.dtype_policy()
    try:
        config.set_dtype_policy("float64")
        assert netlet.layers.Dense(1).compute_dtype == "float64"
        assert repr(config.dtype_policy()) == '<DTypePolicy "float64">'
    finally:
        config.set_dtype_policy(before)
    saved = keras.layers.Dense(1, dtype="float64").get_config()["dtype"]
    assert config.get_policy(saved) == config.DTypePolicy("float64")
    mixed = config.DTypePolicy("mixed_float16")
    assert (mixed.compute_dtype, mixed.variable_dtype, mixed.name) == ("float16", "float32", "mixed_float16")
    with pytest.raises(ValueError, match="mixed_float8"):
        config.DTypePolicy("mixed_float8")


def test_seeds_repeat_and_differ():
    random.set_seed(5)
    a = [random.make_seed() for _ in range(100)]
    assert len(set(a)) == 100 and all(0 <= s < 2**53 for s in a)
    state = random.get_state()
    tail = [random.make_seed() for _ in range(3)]
    random.set_state(state)
    assert tail == [random.make_seed() for _ in range(3)]
    random.set_seed(5)
    assert a == [random.make_seed() for _ in range(100)]
    random.set_seed(6)
    assert a[0] != random.make_seed()


def test_set_random_seed_reaches_numpy_and_python():
    import random as python_random

    def draw():
        netlet.utils.set_random_seed(11)
        return python_random.random(), np.random.rand(), random.make_seed()  # noqa: NPY002

    assert draw() == draw()
    for wrong in (-1, 2**32, 1.5, "1", True):
        with pytest.raises(ValueError, match=r"integer in \[0, 2\*\*32\)"):
            netlet.utils.set_random_seed(wrong)


def test_seed_generator():
    a, b = random.SeedGenerator(3), random.SeedGenerator(3)
    assert [a.next() for _ in range(5)] == [b.next() for _ in range(5)]
    assert random.SeedGenerator.from_config(a.get_config()).next() == random.SeedGenerator(3).next()
    assert set(a.get_config()) == set(keras.random.SeedGenerator(3).get_config())
    with pytest.raises(ValueError, match="integer"):
        random.SeedGenerator("3")


@pytest.mark.parametrize(
    ("draw", "law"),
    [
        (lambda: random.normal((50_000,), 1.0, 2.0, "float64", seed=1), scipy.stats.norm(1, 2)),
        (lambda: random.uniform((50_000,), -1.0, 3.0, "float64", seed=1), scipy.stats.uniform(-1, 4)),
        (
            lambda: random.truncated_normal((50_000,), 0.0, 2.0, "float64", seed=1),
            scipy.stats.truncnorm(-2, 2, scale=2),
        ),
    ],
)
def test_distributions(draw, law):
    assert scipy.stats.kstest(draw(), law.cdf).pvalue > 1e-3


def test_integers_shuffle_and_dropout():
    values = random.randint((1000,), 2, 5, seed=1)
    assert set(values.tolist()) == {2, 3, 4} and values.dtype == np.int32
    x = np.arange(100)
    mixed = random.shuffle(x, seed=1)
    assert (mixed != x).any() and sorted(mixed.tolist()) == list(x) and (x == np.arange(100)).all()
    y = random.dropout(np.ones((100, 100), "float32"), 0.25, seed=1)
    np.testing.assert_allclose(np.unique(y), [0, 4 / 3], rtol=1e-6)


# ---- utils -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("labels", "classes"),
    [([0, 2, 1], None), ([0, 2, 1], 5), ([[0], [1]], None), ([[0, 1], [2, 0]], 3), (np.array([1], "uint8"), 2), (1, 3)],
)
def test_to_categorical(labels, classes):
    ours, theirs = netlet.utils.to_categorical(labels, classes), keras.utils.to_categorical(labels, classes)
    np.testing.assert_array_equal(ours, np.asarray(theirs))
    assert ours.shape == theirs.shape


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([3], 3, r"labels in \[0, 3\), received 3"),
        ([-1], 3, "received -1"),
        ([], None, "num_classes"),
        (["a", None], 2, "objects"),
    ],
)
def test_bad_labels(labels, classes, message):
    with pytest.raises(ValueError, match=message):
        netlet.utils.to_categorical(labels, classes)


def test_normalize():
    x = np.random.default_rng(0).standard_normal((3, 4))
    x[0] = 0
    np.testing.assert_allclose(netlet.utils.normalize(x), keras.utils.normalize(x))
    np.testing.assert_allclose(netlet.utils.normalize(x, order=1), keras.utils.normalize(x, order=1))


def test_normalize_keeps_the_shape_of_vectors_and_small_integers_do_not_overflow():
    assert netlet.utils.normalize([3.0, 4.0]).tolist() == [0.6, 0.8]
    small = np.array([100, 100], "int8")
    np.testing.assert_allclose(netlet.ops.normalize(small), [0.5**0.5] * 2, rtol=1e-6)
    x = netlet.Variable(np.array([3.0, 4.0]))
    with netlet.GradientTape() as tape:
        y = netlet.utils.normalize(netlet.ops.multiply(x, 1.0))[0]
    np.testing.assert_allclose(tape.gradient(y, x), [0.128, -0.096], rtol=1e-6)


def test_labels_and_vectors_that_are_tensors_stay_tensors():
    labels = netlet.ops.convert_to_tensor(np.array([[0], [2]]))
    encoded = netlet.utils.to_categorical(labels, 3)
    assert isinstance(encoded, netlet.Tensor) and encoded.tolist() == [[1, 0, 0], [0, 0, 1]]
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    scaled = netlet.utils.normalize(netlet.ops.convert_to_tensor(x))
    assert isinstance(scaled, netlet.Tensor)
    np.testing.assert_allclose(scaled, netlet.utils.normalize(x), atol=1e-7)


def test_messages_go_to_logging_when_interactive_logging_is_off(caplog, capsys):
    assert config.is_interactive_logging_enabled() and netlet.utils.is_interactive_logging_enabled()
    config.disable_interactive_logging()
    try:
        with caplog.at_level("INFO", logger="netlet"):
            netlet.utils.Progbar(2, verbose=1).update(2, [("loss", 0.5)])
    finally:
        netlet.utils.enable_interactive_logging()
    assert capsys.readouterr().out == "" and "loss: 0.5000" in caplog.text
    netlet.utils.Progbar(2, verbose=2).update(2, [("loss", 0.5)])
    assert "loss: 0.5000" in capsys.readouterr().out


def test_switches_that_scripts_set():
    config.disable_flash_attention()
    assert not config.is_flash_attention_enabled()
    config.enable_flash_attention()
    assert config.is_flash_attention_enabled()
    config.enable_traceback_filtering()
    config.disable_traceback_filtering()
    assert not config.is_traceback_filtering_enabled()


def test_suggestions():
    assert str(suggest.unknown("thing", "Adm", ["adam", "sgd"])) == "Unknown thing: 'Adm'. Did you mean 'adam'?"
    assert str(suggest.unknown("thing", "zzzz", ["b", "a"])) == "Unknown thing: 'zzzz'. Known: a, b."
    assert str(suggest.unknown("thing", "zzzz", map(str, range(101)))) == "Unknown thing: 'zzzz'."
    assert isinstance(suggest.unknown("thing", None, []), ValueError)


@pytest.mark.parametrize("name", ["Dense", "LeakyReLU", "GlorotUniform", "MLP", "MyLayer2D", "ELU", "L1L2", "My_Layer"])
def test_snake_case_is_keras(name):
    from keras.src.utils.naming import to_snake_case

    assert naming.to_snake_case(name) == to_snake_case(name)


def test_names_are_unique_across_threads():
    naming.reset_uids()
    names: list[str] = []
    threads = [
        threading.Thread(target=lambda: names.extend(naming.uniquify("t") for _ in range(200))) for _ in range(4)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(names)) == 800


def test_name_scopes():
    with naming.name_scope("a", naming), naming.name_scope("a", naming), naming.name_scope("b"):
        assert naming.current_path() == "a/b"
    assert naming.current_path() == ""


def test_trees():
    structure = {"b": [1, (2, None)], "a": 3}
    assert tree.flatten(structure) == [3, 1, 2, None]
    assert tree.pack_like(structure, [30, 10, 20, 0]) == {"b": [10, (20, 0)], "a": 30}
    assert tree.map_structure(str, structure) == {"b": ["1", ("2", "None")], "a": "3"}
    assert tree.map_shapes(len, {"x": (1, None), "y": [(2,), (3, 4, 5)]}) == {"x": 2, "y": [1, 3]}
    assert tree.is_shape((None, 3)) and not tree.is_shape([(1,), (2,)])


def test_digits_are_local_and_whole():
    (x, y), (xt, yt) = netlet.datasets.digits.load_data()
    assert x.shape == (1438, 8, 8) and xt.shape == (359, 8, 8) and x.dtype == np.float32
    assert x.min() == 0 and x.max() == 1 and set(y) == set(range(10)) == set(yt)
    with pytest.raises(ValueError, match="between 0 and 1"):
        netlet.datasets.digits.load_data(test_fraction=1.0)


def test_everything_public_can_be_reached():
    for name in netlet.__all__:
        assert getattr(netlet, name) is not None, name
    assert set(netlet.__all__) <= set(dir(netlet))
    with pytest.raises(AttributeError, match="netlet has no 'nothing'"):
        netlet.nothing  # noqa: B018
    assert netlet.isa() in netlet._core.supported_isas()


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("maxlen", [None, 2, 5])
def test_pad_sequences(padding, truncating, maxlen):
    sequences = [[1], [], [2, 3, 4], [5, 6]]
    options = {"maxlen": maxlen, "padding": padding, "truncating": truncating, "value": -1}
    ours, theirs = (m.utils.pad_sequences(sequences, **options) for m in (netlet, keras))
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype
    vectors = [np.ones((n, 3)) for n in (1, 4)]
    np.testing.assert_array_equal(
        *(m.utils.pad_sequences(vectors, dtype="float32", **options) for m in (netlet, keras))
    )


def test_pad_sequences_refuses():
    for arguments in (([1, 2],), (3,), ([[1]], None, "int32", "front"), ([np.ones((1, 2)), np.ones((1, 3))],)):
        with pytest.raises(ValueError):
            netlet.utils.pad_sequences(*arguments)


def test_pydataset():
    class Ones(netlet.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            return np.full((4, 2), i, "float32"), np.zeros((4, 1), "float32")

    model = netlet.Sequential([netlet.Input((2,)), netlet.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(Ones(), epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert model.optimizer.iterations.numpy() == 6
    with pytest.raises(NotImplementedError, match="__len__"):
        len(netlet.utils.PyDataset())


def test_backend_names():
    assert netlet.backend.floatx() == "float32" and netlet.backend.epsilon() == 1e-7
    assert netlet.backend.get_uid("some_prefix") == 1
    assert netlet.utils.register_keras_serializable is netlet.saving.register_keras_serializable


def test_eager_random_ops_draw_other_numbers_in_each_thread():
    """Threads that prepare data, one after another as in `fit`, must not repeat each other's noise."""
    drop, seen = netlet.layers.Dropout(0.5), []

    def draw():
        seen.append(np.asarray(drop(np.ones((1, 64), np.float32), training=True)).tobytes())

    for again in range(2):
        netlet.utils.set_random_seed(3)
        drop = netlet.layers.Dropout(0.5)
        draw()
        for _ in range(3):
            thread = threading.Thread(target=draw)
            thread.start()
            thread.join()
        assert len(set(seen)) == 4, again
    assert seen[:4] == seen[4:]


@pytest.mark.parametrize(("product", "default"), [("matmul", "highest"), ("conv", "high")])
def test_float32_precisions_name_their_choices(product, default):
    with pytest.raises(ValueError, match='expected "highest" or "high", received \'medium\''):
        getattr(config, f"set_float32_{product}_precision")("medium")
    assert getattr(config, f"float32_{product}_precision")() == default


@pytest.mark.parametrize("library", [netlet, keras])
def test_config_is_kerass(library):
    """The same steps with both; what they print is the same."""
    config = library.utils.Config(learning_rate=0.1, momentum=0.9)
    config.use_ema = True
    config["seed"] = 123
    assert config.use_ema and config["momentum"] == config.momentum == config.get("momentum") == 0.9
    assert list(config) == ["learning_rate", "momentum", "seed", "use_ema"] and len(config) == 4
    assert config.pop("momentum") == 0.9 and config.pop("momentum", 3) == 3 and "momentum" not in config
    config.update({"a": 1}, b=2)
    del config["a"]
    as_dict = {"learning_rate": 0.1, "use_ema": True, "seed": 123, "b": 2}
    assert config.as_dict() == as_dict == dict(config.items()) and list(config.keys()) == list(as_dict)
    assert repr(config) == f"<Config {as_dict}>" and config.to_json() == json.dumps(as_dict)
    with pytest.raises(AttributeError, match=r"Unknown attribute: 'sead'\. Did you mean 'seed'\?"):
        config.sead  # noqa: B018
    config.freeze()
    changes = (
        lambda: setattr(config, "seed", 1),
        lambda: config.update(seed=1),
        lambda: config.pop("seed"),
        lambda: config.__setitem__("seed", 1),
        lambda: config.__delitem__("seed"),
    )
    for change in changes:
        with pytest.raises(ValueError, match="because the config is frozen"):
            change()
    assert config.frozen and config.seed == 123
    config.unfreeze()
    config.seed = 5
    assert config.seed == 5 and not config.frozen


def test_configs_are_copied_and_pickled():
    config = netlet.utils.Config(a=[1])
    config.freeze()
    for again in (copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        assert again.as_dict() == {"a": [1]} and again.frozen and again.a is not config.a
