"""netlet.compat: imports of Keras give netlet while it is installed, and the real packages afterwards."""

from __future__ import annotations

import sys
import textwrap

import pytest

import netlet
from netlet import compat
from support.child import run_child

FORMS = [
    ("import keras", "keras", "netlet"),
    ("import keras.layers", "keras.layers", "netlet.layers"),
    ("import keras.ops as K", "K", "netlet.ops"),
    ("from keras import layers as L", "L", "netlet.layers"),
    ("from keras.layers import Dense", "Dense", "netlet.layers.Dense"),
    ("import keras.optimizers.schedules", "keras.optimizers.schedules", "netlet.optimizers.schedules"),
    ("import tf_keras as k", "k.models", "netlet.models"),
    ("import tensorflow as tf", "tf.keras", "netlet"),
    ("from tensorflow import keras", "keras", "netlet"),
    ("import tensorflow.keras as k", "k", "netlet"),
    ("import tensorflow.keras.backend as K", "K.floatx", "netlet.backend.floatx"),
    ("from tensorflow.keras.datasets import digits", "digits", "netlet.datasets.digits"),
    ("from tensorflow.keras.layers import LSTM as R, GRU", "R", "netlet.layers.LSTM"),
    ("import tensorflow as tf", "tf.data.Dataset", "netlet.data.Dataset"),
    ("from tensorflow import data as tf_data", "tf_data", "netlet.data"),
    ("import tensorflow.data as d", "d.AUTOTUNE", "netlet.data.AUTOTUNE"),
    ("import importlib; k = importlib.import_module('keras.losses')", "k", "netlet.losses"),
]


@pytest.fixture
def no_keras(monkeypatch):
    """As in a process that has not imported Keras; what tests imported is put back."""
    real = {n: m for n, m in sys.modules.items() if n.split(".")[0] in ("keras", "tf_keras", "tensorflow")}
    for name in real:
        del sys.modules[name]
    yield real
    compat.uninstall()
    sys.modules.update(real)


@pytest.mark.parametrize(("statement", "name", "expected"), FORMS)
def test_every_form_of_import(no_keras, statement, name, expected):
    scope: dict[str, object] = {"netlet": netlet}
    with compat.install():
        exec(statement, scope)
        assert eval(name, scope) is eval(expected, scope)
    assert not [n for n in sys.modules if n.split(".")[0] in ("keras", "tf_keras", "tensorflow")]


def test_modules_stay_as_they_are(no_keras):
    spec = netlet.layers.__spec__
    with compat.install():
        import keras.layers

        assert keras.layers.__name__ == "netlet.layers" and keras.layers.__spec__ is spec
    assert spec.name == "netlet.layers" and not hasattr(netlet, "keras")


def test_installing_twice_is_installing_once(no_keras):
    assert compat.install() is compat.install()
    compat.uninstall()
    assert "KerasFinder" not in [type(f).__name__ for f in sys.meta_path]
    compat.uninstall()


def test_an_imported_keras_is_not_shadowed_silently():
    import keras

    if "netlet" in keras.__name__:
        pytest.fail("an earlier test left compat installed")
    layers = keras.layers
    with pytest.warns(UserWarning, match=r"keras 3\..* was imported before"):
        compat.install()
    import keras as theirs

    compat.uninstall()
    import keras as again

    assert theirs is netlet

    assert again is keras and sys.modules["keras.layers"] is layers


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("from keras.legacy import saving", "netlet has no 'legacy': it reads objects of Keras 2"),
        ("import keras.layer", "netlet has no 'layer'. Nearest: netlet.Layer or netlet.layers."),
        ("from keras import layer", "netlet has no 'layer'. Nearest: netlet.Layer or netlet.layers."),
        ("from keras.src.backend import x", "keras.src: these are Keras's internals; netlet has none of them"),
        (
            "import tensorflow as tf; tf.strings",
            "tensorflow is not installed; netlet stands for tensorflow.keras and tensorflow.data only",
        ),
    ],
)
def test_missing_names(no_keras, statement, text):
    with compat.install(), pytest.raises((ImportError, AttributeError)) as caught:
        exec(statement, {})
    assert str(caught.value).startswith(text)


def test_an_error_inside_a_module_is_not_taken_for_a_missing_module(no_keras, monkeypatch):
    def broken(name):
        raise ModuleNotFoundError("No module named 'h5py'", name="h5py")

    with compat.install():
        monkeypatch.setattr("netlet.compat.finder.importlib.import_module", broken)
        with pytest.raises(ModuleNotFoundError, match="h5py"):
            exec("import keras.losses", {})


@pytest.mark.parametrize("first", [True, False], ids=["imported before", "imported later"])
def test_with_a_tensorflow_that_is_installed(tmp_path, first):
    (tmp_path / "tensorflow" / "keras").mkdir(parents=True)
    (tmp_path / "tensorflow" / "__init__.py").write_text("from . import keras\n__version__ = '2.99'\ndata = 'its'\n")
    (tmp_path / "tensorflow" / "keras" / "__init__.py").write_text("its_own = True\n")
    run_child(
        textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import netlet
        if {first}:
            import tensorflow
        with netlet.compat.install():
            import tensorflow as tf
            from tensorflow import keras
            from tensorflow.keras.layers import Dense
            assert keras is netlet is tf.keras and Dense is netlet.layers.Dense
            assert (tf.data, tf.__version__) == ("its", "2.99")
        if {first}:
            assert tf.keras.its_own
            import tensorflow.keras
            assert sys.modules["tensorflow.keras"].its_own
        """)
    )
