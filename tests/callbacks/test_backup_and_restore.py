"""BackupAndRestore: a training that was killed goes on to the same bits."""

from __future__ import annotations

import json

import numpy as np
import pytest

import netlet
from netlet import callbacks, layers
from netlet.callbacks import BackupAndRestore
from netlet.utils import PyDataset
from support.child import run_child

RNG = np.random.default_rng(0)
X = RNG.standard_normal((70, 8)).astype("float32")
Y = (np.arange(70) % 4).astype("int32")


class Batches(PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, i):
        return X[14 * i : 14 * i + 14], Y[14 * i : 14 * i + 14]


class Lists:
    """An iterable that begins again each time."""

    def __iter__(self):
        return iter([(X[i : i + 14], Y[i : i + 14]) for i in range(0, 70, 14)])


DATA = {
    "arrays": ({"x": X, "y": Y, "batch_size": 14}, {}),
    "arrays, in order": ({"x": X, "y": Y, "batch_size": 14, "shuffle": False}, {}),
    "arrays, 3 steps": ({"x": X, "y": Y, "batch_size": 14, "steps_per_epoch": 3}, {}),
    "arrays, steps_per_execution": ({"x": X, "y": Y, "batch_size": 14}, {"steps_per_execution": 2}),
    "PyDataset": ({"x": Batches()}, {}),
    "PyDataset, 3 steps": ({"x": Batches(), "steps_per_epoch": 3}, {}),
    "iterable": ({"x": Lists()}, {}),
    "validation": ({"x": X, "y": Y, "batch_size": 14, "validation_split": 0.2}, {}),
}


def make(seed=3, **kwargs):
    netlet.utils.set_random_seed(seed)
    model = netlet.Sequential(
        [netlet.Input((8,)), layers.Dense(16, "relu"), layers.Dropout(0.3), layers.Dense(4, "softmax")]
    )
    model.compile(netlet.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"], **kwargs)
    return model


class Killed(Exception):
    pass


class KillAt(callbacks.Callback):
    """Ends the training after a number of batches, of all epochs together."""

    def __init__(self, batch):
        super().__init__()
        self.left = batch

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise Killed


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("killed_at", [2, 6, 8])
@pytest.mark.parametrize("save_freq", ["epoch", 1, 3])
@pytest.mark.parametrize("data", DATA)
def test_a_killed_training_goes_on_to_the_same_bits(data, save_freq, killed_at, tmp_path):
    arguments, options = DATA[data]
    arguments = {**arguments, "epochs": 4, "verbose": 0}
    unbroken = make(**options)
    want = unbroken.fit(**arguments).history

    backup = tmp_path / "backup"
    with pytest.raises(Killed):
        make(**options).fit(**arguments, callbacks=[BackupAndRestore(backup, save_freq), KillAt(killed_at)])
    again = make(seed=3, **options)  # the script is started again
    got = again.fit(**arguments, callbacks=[BackupAndRestore(backup, save_freq)]).history
    for a, b in zip(unbroken.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert {name: values[-len(got["loss"]) :] for name, values in want.items()} == got
    assert not backup.exists()


def killed(folder, **kwargs):
    """Ends a training in its third epoch and leaves the backups in `folder`."""
    with pytest.raises(Killed):
        train([BackupAndRestore(folder, **kwargs), KillAt(12)])


def train(more):
    model = make()
    history = model.fit(X, Y, batch_size=14, epochs=4, verbose=0, callbacks=more).history
    return model, history


def test_the_backup_before_is_used_if_the_last_one_is_damaged(tmp_path):
    unbroken, _ = train([])
    killed(tmp_path / "b", double_checkpoint=True)
    assert len(list((tmp_path / "b").glob("*.weights.netlet"))) == 2
    last = json.loads((tmp_path / "b" / "training_metadata.json").read_text())["weights"]
    (tmp_path / "b" / last).write_bytes(b"damaged")
    again, history = train([BackupAndRestore(tmp_path / "b", double_checkpoint=True)])
    np.testing.assert_array_equal(again.get_weights()[0], unbroken.get_weights()[0])
    assert len(history["loss"]) == 3  # from the second epoch


@pytest.mark.parametrize("damage", [b"damaged", b"[1]", b'{"weights": 3}', b""])
def test_damaged_backups(damage, tmp_path):
    killed(tmp_path / "b")
    assert len(list((tmp_path / "b").glob("*.weights.netlet"))) == 1
    (tmp_path / "b" / "training_metadata.json").write_bytes(damage)
    with pytest.raises(ValueError):
        train([BackupAndRestore(tmp_path / "b")])


def test_weights_of_another_folder_are_not_read(tmp_path):
    killed(tmp_path / "b")
    position = tmp_path / "b" / "training_metadata.json"
    document = json.loads(position.read_text())
    (tmp_path / "b" / document["weights"]).rename(tmp_path / "outside.weights.netlet")
    position.write_text(json.dumps({**document, "weights": "../outside.weights.netlet"}))
    with pytest.raises(FileNotFoundError):
        train([BackupAndRestore(tmp_path / "b")])


def test_backups_that_are_kept(tmp_path):
    train([BackupAndRestore(tmp_path / "b", delete_checkpoint=False)])
    _, history = train([BackupAndRestore(tmp_path / "b", delete_checkpoint=False)])
    assert history == {}  # nothing is left to do


@pytest.mark.parametrize(("arguments", "message"), [(("",), "Empty `backup_dir`"), (("b", "batch"), "Expected either")])
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        BackupAndRestore(*arguments)


def test_a_model_that_is_not_built(tmp_path):
    model = netlet.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="must be built before you call"):
        model.fit(iter([(X, Y)]), verbose=0, callbacks=[BackupAndRestore(tmp_path / "b")])


def test_batches_are_counted_with_steps_per_execution(tmp_path):
    backup = BackupAndRestore(tmp_path / "b", save_freq=4, delete_checkpoint=False)
    make(steps_per_execution=2).fit(X[:48], Y[:48], batch_size=8, verbose=0, callbacks=[backup])
    assert [path.name for path in (tmp_path / "b").glob("*.netlet")] == ["epoch-0-batch-4.weights.netlet"]


def test_a_process_that_is_killed(tmp_path):
    script = """
        import os
        import numpy as np, netlet
        from netlet import layers
        rng = np.random.default_rng(0)
        x, y = rng.standard_normal((64, 4)).astype("f4"), rng.standard_normal((64, 1)).astype("f4")
        netlet.utils.set_random_seed(1)
        model = netlet.Sequential([netlet.Input((4,)), layers.Dropout(0.5), layers.Dense(1)])
        model.compile("adam", "mse")
        class Kill(netlet.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                if self.model.optimizer.iterations == KILL_AT:
                    os._exit(9)
        model.fit(x, y, batch_size=8, epochs=3, verbose=0, callbacks=[
            netlet.callbacks.BackupAndRestore(PATH, save_freq=2), Kill()])
        print(model.get_weights()[0].tobytes().hex())
    """

    def run(kill_at, path, check=True):
        return run_child(script.replace("KILL_AT", str(kill_at)).replace("PATH", repr(str(path))), check=check)

    unbroken = run(-1, tmp_path / "a")
    assert run(13, tmp_path / "b", check=False).returncode == 9
    assert run(-1, tmp_path / "b").stdout == unbroken.stdout != ""
