"""What the processes of one training must have in common, and what only the first one does."""

from __future__ import annotations

import pytest

from support.mpirun import mpirun, needs_mpirun

START = """
    import os, sys, numpy as np, netlet
    from netlet.base import chunked
    from netlet import layers
    from netlet.distribution import DataParallel, set_distribution
    set_distribution(DataParallel(shards=4))
    from netlet.distribution import distribution
    rank, size = distribution().communicator.rank, distribution().communicator.size
    x = np.random.RandomState(0).randn(32, 4).astype("float32")
    y = np.random.RandomState(1).randn(32, 3).astype("float32")
    def model(rate=0.1, units=3):
        m = netlet.Sequential([netlet.Input((4,)), layers.Dropout(0.2), layers.Dense(units)])
        m.compile(netlet.optimizers.SGD(rate), "mse")
        return m
    def error(call):
        try:
            call()
        except Exception as e:
            return f"{type(e).__name__}: {e}"
        return "no error"
    def say(*text):  # of the first rank, which must be that of the others
        lines = distribution().communicator.gather_objects(" ".join(map(str, text)))
        assert len(set(lines)) == 1, lines
        if rank == 0:
            print(lines[0], flush=True)
"""

ERRORS = """
    mine = x.copy()
    mine[3] += rank
    say(error(lambda: model().fit(mine, y, verbose=0)))
    say(error(lambda: model().fit(x[: 32 - rank], y[: 32 - rank], verbose=0)))
    say(error(lambda: model().fit(x, y, epochs=1 + rank, verbose=0)))
    say(error(lambda: model().fit(x, y, batch_size=8 + 8 * rank, verbose=0)))
    say(error(lambda: model(0.1 + rank).fit(x, y, verbose=0)))
    say(error(lambda: model().evaluate(mine, y, verbose=0)))
    bad = x.copy()
    bad[30] = np.nan  # in the rows of the last rank
    say(error(lambda: model().fit(bad, y, batch_size=16, shuffle=False, verbose=0)))
    def batches(n):
        for _ in range(n):
            yield x[:8], y[:8]
    say(error(lambda: model().fit(batches(3 + rank), verbose=0)))
    say(error(lambda: DataParallel(shards=1)))
    backups = [netlet.callbacks.BackupAndRestore(f"{os.environ['FOLDER']}/{rank}", delete_checkpoint=False)]
    model().fit(x, y, verbose=0, callbacks=backups)  # rank 0 writes it
    say(error(lambda: model().fit(x, y, epochs=2, verbose=0, callbacks=backups)))
"""


@needs_mpirun
def test_errors_name_what_differs(tmp_path):
    lines = mpirun(2, START + ERRORS, FOLDER=str(tmp_path)).stdout.splitlines()
    parts = [
        "same values in the arrays",
        "same shapes and dtypes of the arrays on all processes: rank 0 has [((32, 4), 'float32')",
        "same epochs on all processes: rank 0 has 1, rank 1 has 2",
        "same batch_size on all processes: rank 0 has 8, rank 1 has 16",
        "same optimizer",
        "evaluate: data-parallel training expects the same values",
        "epoch 1, step 2, with learning rate 0.1. The first value that is not finite is in the data",
        "those of ranks [0] ended after 3 batches",
        "expected at least as many shards as processes, received 2 processes",
        "a folder that all machines share) on all processes: rank 0 has ['epoch 1, batch 0'], rank 1 has []",
    ]
    for line, part in zip(lines, parts, strict=True):
        assert part in line


WRITING = """
    folder = os.environ["FOLDER"]
    m = model()  # set_distribution has given all ranks the same seeds
    written = []
    class Note(netlet.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            written.append(logs["loss"])
    m.fit(x, y, batch_size=8, epochs=2, verbose=2, callbacks=[Note(), netlet.callbacks.CSVLogger(f"{folder}/log.csv")])
    say("losses", written)
    class InFile:  # as h5py has it
        def __init__(self, array):
            self.array, self.shape, self.dtype, self.chunks = array, array.shape, array.dtype, (8, array.shape[1])
        def __getitem__(self, rows):
            return self.array[rows]
        def __array__(self, *arguments, **more):
            return self.array
    chunked.BLOCK_BYTES = 128
    m.fit(InFile(x), InFile(y), batch_size=12, epochs=2, verbose=0)
    say("blocks", m.history.history["loss"])
    def share():
        while True:
            yield x[rank * 32 // size : (rank + 1) * 32 // size], y[rank * 32 // size : (rank + 1) * 32 // size]
    m.fit(share(), steps_per_epoch=2, verbose=0)
    say("shares", m.evaluate(x, y, verbose=0), m.train_on_batch(x, y), m.predict(x, verbose=0).sum())
"""


@needs_mpirun
def test_one_process_writes_and_all_see_the_same(tmp_path):
    outputs = {}
    for ranks in (1, 2, 3):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        lines = mpirun(
            ranks, "import netlet\nnetlet.utils.set_random_seed(1)\n" + _dedent(START + WRITING), FOLDER=str(folder)
        ).stdout.splitlines()
        assert len([line for line in lines if "loss:" in line]) == 2  # a line for each epoch, of one process
        assert len((folder / "log.csv").read_text().splitlines()) == 3
        outputs[ranks] = [line for line in lines if line.startswith(("losses", "blocks"))]
        outputs[ranks] += [line for line in lines if line.startswith("shares")] if ranks != 3 else []
    assert outputs[1] == outputs[2]  # with 3 ranks the shares have other shards
    assert outputs[1][:2] == outputs[3]


RESUME = """
    class Stop(netlet.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if os.environ["STOP"] == "yes" and len(m.history.epoch) == 1 and batch == 1:
                raise KeyboardInterrupt
    m = model()
    backup = netlet.callbacks.BackupAndRestore(os.environ["FOLDER"], save_freq=1)
    try:
        m.fit(x, y, batch_size=8, epochs=3, verbose=0, callbacks=[backup, Stop()])
    except KeyboardInterrupt:
        say("stopped")
    else:
        say("weights", [w.tobytes().hex() for w in m.get_weights()])
"""


@needs_mpirun
def test_another_number_of_processes_resumes_to_the_same_bits(tmp_path):
    code = "import netlet\nnetlet.utils.set_random_seed(1)\n" + _dedent(START + RESUME)
    whole = mpirun(1, code, FOLDER=str(tmp_path / "whole"), STOP="no").stdout
    assert "stopped" in mpirun(2, code, FOLDER=str(tmp_path / "backup"), STOP="yes").stdout
    assert mpirun(3, code, FOLDER=str(tmp_path / "backup"), STOP="no").stdout == whole


def _dedent(code: str) -> str:
    return "\n".join(line[4:] for line in code.splitlines())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda d: d.DataParallel(shards=0), "shards=.*positive integer"),
        (lambda d: d.DataParallel(device_mesh=object()), "device_mesh="),
        (lambda d: d.DataParallel(devices=["gpu:0"]), "devices="),
        (lambda d: d.DataParallel(auto_shard_dataset=False), "auto_shard_dataset="),
        (lambda d: d.initialize(num_processes=3), "num_processes=.*expected 1"),
        (lambda d: d.initialize("host:1"), "job_addresses="),
        (lambda d: d.list_devices("abacus"), "abacus"),
    ],
)
def test_bad_arguments(make, message):
    from netlet import distribution

    with pytest.raises(ValueError, match=message):
        make(distribution)
