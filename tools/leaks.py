"""LeakSanitizer on the native module: 200 models are built, trained, saved, loaded, quantized and deleted.

    PYTHONPATH=python python tools/leaks.py [--models 200]

The models live in a child, in which LeakSanitizer's runtime (of GCC) comes first, so that any build of the module does.
The child asks twice for all blocks of memory that nothing points at anymore: after a fifth of the models and after the
last. It asks before Python ends, because what Python keeps until its end is still in use there. The exit status is 1 if
a function of the native module allocated such a block, or if the second report has more of them than the first, a tenth
of the models or more: then each model leaves something that Python allocated for the module.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Python's own allocator would hide its objects, and the pointers in them, from LeakSanitizer. `--slow` finds the way
# through frames without a frame pointer, those of Python, and takes a hundred times as long.
OPTIONS = {
    "PYTHONMALLOC": "malloc",
    "LSAN_OPTIONS": "fast_unwind_on_malloc={fast}:malloc_context_size=16:log_path={path}"
    ":stack_trace_format='    #%n %m %f %S'",
}
NATIVE = "/_core."
HEAD = "ERROR: LeakSanitizer"


def live(models: int) -> None:
    """Builds the models. LeakSanitizer sees no local variable of Python: this function's are gone when it is asked."""
    import numpy as np

    import netlet
    from netlet import layers

    netlet.set_num_threads(2)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((32, 12, 8), "float32"), rng.integers(0, 3, 32)

    def attention() -> netlet.Model:
        inputs = netlet.Input((12, 8))
        h = layers.LayerNormalization()(layers.Add()([inputs, layers.MultiHeadAttention(2, 4)(inputs, inputs)]))
        return netlet.Model(inputs, layers.Dense(3, "softmax")(layers.GlobalAveragePooling1D()(h)))

    stacks = [
        lambda: [layers.Flatten(), layers.Dense(16, "relu"), layers.BatchNormalization(), layers.Dropout(0.2)],
        lambda: [layers.Conv1D(8, 3, activation="relu"), layers.MaxPooling1D(2), layers.Flatten()],
        lambda: [layers.Bidirectional(layers.GRU(4, return_sequences=True)), layers.LSTM(8)],
        attention,
    ]

    def life(i: int, folder: pathlib.Path) -> None:
        made = stacks[i % 4]()
        if isinstance(made, list):
            made = netlet.Sequential([netlet.Input((12, 8)), *made, layers.Dense(3, "softmax")])
        made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=i % 5 == 4)
        made.fit(x, y, batch_size=16, verbose=0)
        made.fit(netlet.data.Dataset.from_tensor_slices((x, y)).batch(16), verbose=0)
        expected = made.predict(x, verbose=0)
        path = folder / ("a.netlet" if i % 3 else "a.keras")
        made.save(path)
        loaded = netlet.models.load_model(path)
        assert np.array_equal(loaded.predict(x, verbose=0), expected)
        made.save_weights(folder / "a.weights.netlet")
        loaded.load_weights(folder / "a.weights.netlet")
        loaded.quantize("int8", only_if_faster=False)
        loaded.predict(x, verbose=0)
        for wrong in (x[:, :5], x[..., :3], x.astype(object)):  # errors leave nothing behind, either
            with contextlib.suppress(TypeError, ValueError):
                made.fit(wrong, y, verbose=0)

    with tempfile.TemporaryDirectory() as folder:
        for i in range(models):
            life(i, pathlib.Path(folder))
    netlet.utils.clear_session()
    gc.collect()


def child(models: int) -> None:
    lsan = ctypes.CDLL(None)
    for part in (models // 5, models - models // 5):
        live(part)
        lsan.__lsan_do_recoverable_leak_check()
    os._exit(0)  # LeakSanitizer does not look again after Python has freed some of what it keeps


def leaks(report: str) -> list[str]:
    """The leaks in a report of LeakSanitizer, each with its stack."""
    return [part.strip() for part in report.split("\n\n") if re.match(r"\s*(Direct|Indirect) leak of", part)]


def objects(found: list[str]) -> int:
    return sum(int(re.search(r"in (\d+) object", leak)[1]) for leak in found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--slow", action="store_true", help="record whole stacks")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.models)

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "report"
        environment = {k: v.format(path=path, fast=int(not arguments.slow)) for k, v in OPTIONS.items()}
        runtime = ["gcc", "-print-file-name=liblsan.so"]
        environment["LD_PRELOAD"] = subprocess.check_output(runtime, text=True).strip()
        command = [sys.executable, __file__, "--child", "--models", str(arguments.models)]
        subprocess.run(command, env={**os.environ, **environment}, check=True)
        text = "".join(p.read_text(errors="replace") for p in path.parent.glob("report.*"))
    first, last = ([leaks(part) for part in text.split(HEAD)[1:]] + [[], []])[:2]
    ours = [leak for leak in last if NATIVE in leak]
    more = objects(last) - objects(first)
    print("\n\n".join(ours or last[:20]))
    print(f"leaks: {arguments.models} models, {objects(ours)} lost blocks of the native module, ", end="")
    print(f"{objects(last)} of Python and others, {more} more than after a fifth of the models")
    return bool(ours) or more >= arguments.models // 10


if __name__ == "__main__":
    sys.exit(main())
