"""A training that lost a process goes on from its backup, on another number of processes, to the same bits."""

from __future__ import annotations

import re
from pathlib import Path

from support.mpirun import Run, kills_at_once, mpirun, needs_mpirun
from support.small_training import SMALL_TRAINING

pytestmark = needs_mpirun

TRAIN = (
    """
    import hashlib, os, signal
"""
    + SMALL_TRAINING
    + """

    class Lost(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if LOSE and self.epoch == 1 and batch == 2 and parallel.communicator.rank == 1:
                os.kill(os.getpid(), signal.SIGKILL)
        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

    backup = keras.callbacks.BackupAndRestore(FOLDER, save_freq=2)
    history = model.fit(x, y, batch_size=24, epochs=3, verbose=0, callbacks=[backup, Lost()])
    digest = hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()
    print("weights", digest, "loss", history.history["loss"][-1].hex(), "epochs", len(history.history["loss"]))
"""
)


def train(ranks: int, folder: Path, kill: bool = False) -> Run:
    return mpirun(ranks, TRAIN.replace("LOSE", str(kill)).replace("FOLDER", repr(str(folder))), check=not kill)


def results(run: Run) -> set[str]:
    return set(re.findall(r"weights \w+ loss \S+", run.stdout))


@kills_at_once
def test_resuming_on_another_number_of_processes_gives_the_same_bits(tmp_path: Path) -> None:
    whole = train(1, tmp_path / "whole")
    assert len(results(whole)) == 1 and "epochs 3" in whole.stdout

    lost = train(3, tmp_path / "backup", kill=True)
    assert lost.returncode != 0
    checkpoint = f"Last checkpoint: {tmp_path / 'backup'} (after 1 epochs and 2 batches)."
    assert f"was lost: the job of 3 processes ends. {checkpoint}" in lost.stderr

    resumed = train(2, tmp_path / "backup")
    assert resumed.stdout.count("epochs 2") == 2  # the interrupted epoch and the last one
    assert results(resumed) == results(whole)
    assert not (tmp_path / "backup").exists()  # when training has ended
