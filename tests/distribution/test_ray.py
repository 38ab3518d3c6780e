"""Workers of Ray Train are ranks: on a local cluster of two, the same bits as two processes of mpirun.

Ray is a wheel of 70 MB, so it is in no test extra: pip install 'ray[train]', then
python -m pytest --run-slow tests/distribution/test_ray.py
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from netlet.distribution.ray_communicator import Meeting
from support.child import run_child
from support.mpirun import mpirun, needs_mpirun
from support.small_training import SMALL_TRAINING

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: pip install 'ray[train]'")

# The training function, for both. `fail` is a folder: the first time, worker 1 ends in epoch 1.
TRAIN = (
    """
def train(config):
    import hashlib, json, os
"""
    + SMALL_TRAINING
    + """
    callbacks = []
    if "folder" in config:
        class End(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                marker = os.path.join(config["folder"], "ended once")
                if epoch == 1 and parallel.communicator.rank == 1 and not os.path.exists(marker):
                    open(marker, "w").close()
                    os._exit(1)

        backup = keras.callbacks.BackupAndRestore(os.path.join(config["folder"], "backup"))
        callbacks = [backup, keras.callbacks.ReportCheckpointCallback(), End()]
    model.fit(x, y, batch_size=24, epochs=3, verbose=0, callbacks=callbacks)
    digest = hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()
    result = {"weights": digest, "name": parallel.communicator.name, "size": parallel.communicator.size}
    if parallel.communicator.rank == 0:
        print(json.dumps(result))
        if "folder" in config:
            with open(os.path.join(config["folder"], "result.json"), "w") as file:
                json.dump(result, file)
"""
)

ON_RAY = """
import os, ray, ray.train
import netlet as keras

ray.init(num_cpus=2, include_dashboard=False, object_store_memory=200 << 20)
try:
    trainer = keras.distribution.ray_trainer(
        train,
        train_loop_config={"folder": FOLDER},
        scaling_config=ray.train.ScalingConfig(num_workers=2),
        run_config=ray.train.RunConfig(
            name="netlet", storage_path=FOLDER, failure_config=ray.train.FailureConfig(max_failures=1)
        ),
    )
    result = trainer.fit()
    assert set(result.metrics) == {"loss", "accuracy"}, result.metrics
    with result.checkpoint.as_directory() as folder:
        model = keras.models.load_model(os.path.join(folder, "model.netlet"))
    assert model.count_params() == 20 * 16 + 16 + 4 * 16 + 16 * 4 + 4
finally:
    ray.shutdown()
"""


@pytest.mark.slow  # a Ray cluster starts for about a minute, and again after the failure
@needs_ray
@needs_mpirun
def test_two_workers_of_which_one_fails_once_have_the_bits_of_mpirun(tmp_path: Path) -> None:
    code = TRAIN + ON_RAY.replace("FOLDER", repr(str(tmp_path)))
    settings = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "120"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600, env={**os.environ, **settings}
    )
    assert run.returncode == 0, run.stdout + run.stderr
    on_ray = json.loads((tmp_path / "result.json").read_text())
    assert (on_ray["name"], on_ray["size"]) == ("Ray", 2)
    assert (tmp_path / "ended once").exists()
    with_mpi = json.loads(mpirun(2, TRAIN + "\ntrain({})\n").stdout)
    assert with_mpi["name"] == "MPI" and with_mpi["weights"] == on_ray["weights"]


def test_a_meeting_waits_for_all_and_forgets_what_was_fetched() -> None:
    async def meet() -> list[list[str]]:
        meeting = Meeting(3)
        first = asyncio.ensure_future(meeting.meet(1, 2, "c"))
        second = asyncio.ensure_future(meeting.meet(1, 0, "a"))
        await asyncio.sleep(0.01)
        assert meeting.present(1) == [0, 2] and not first.done()
        third = await meeting.meet(1, 1, "b")
        results = [await first, await second, third]
        assert not meeting._brought and not meeting._complete and not meeting._fetched
        return results

    assert asyncio.run(meet()) == [["a", "b", "c"]] * 3


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_the_error_names_the_extra() -> None:
    run = run_child("import netlet\nnetlet.distribution.ray_trainer(print)", check=False)
    assert "ImportError: netlet.distribution.ray_trainer needs ray: pip install 'netlet[ray]'" in run.stderr
    run = run_child("import netlet\nnetlet.callbacks.ReportCheckpointCallback()", check=False)
    assert "ImportError: ReportCheckpointCallback needs ray: pip install 'netlet[ray]'" in run.stderr
