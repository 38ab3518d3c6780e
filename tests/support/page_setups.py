"""What the pages of docs/ take for granted: data, files and names that their code uses and does not make."""

from __future__ import annotations

# {page: code that runs before its blocks, in the same namespace and in an empty folder; it has pytest's `monkeypatch`}
SETUPS = {
    "guides/applications.md": """
import numpy as np
import netlet
images, labels = np.zeros((4, 160, 160, 3), "float32"), np.arange(4)
# The published weights would be downloaded.
import functools
small = functools.partial(netlet.applications.MobileNetV2, weights=None, alpha=0.35)
monkeypatch.setattr(netlet.applications, "MobileNetV2", small)
""",
    "guides/distributed.md": """
import numpy as np
rng = np.random.default_rng(0)
pixels, digits = rng.integers(0, 256, (512, 28, 28), "uint8"), rng.integers(0, 10, 512, "uint8")
import netlet
monkeypatch.setattr(netlet.datasets.mnist, "load_data", lambda: ((pixels, digits), (pixels, digits)))
""",
    "guides/onnx.md": """
import numpy as np
import netlet
from netlet import layers
images, labels = np.random.default_rng(0).normal(size=(64, 3, 32, 32)).astype("float32"), np.arange(64) % 10
image = netlet.Input((3, 32, 32))
x = layers.Permute((2, 3, 1))(image)
for filters in (8, 16):
    x = layers.Conv2D(filters, 3, activation="relu", padding="same")(x)
    x = layers.MaxPooling2D()(x)
netlet.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x))).export("resnet.onnx", verbose=False)
netlet.Sequential([netlet.Input((12, 128), name="x"), layers.LSTM(8)]).export("encoder.onnx", verbose=False)
""",
    "guides/sequences.md": """
import numpy as np
import netlet
from netlet import layers, ops
rng = np.random.default_rng(0)
x, y = rng.normal(size=(64, 40, 7)).astype("float32"), rng.integers(1, 11, (64, 5)).astype("int32")
logits, lengths = rng.normal(size=(4, 40, 11)).astype("float32"), np.full(4, 40)
""",
    "guides/text.md": """
import numpy as np
import netlet
from netlet import layers
texts, labels = np.array(["a fine film", "what a bore"] * 16), np.array([1, 0] * 16)
""",
    "guides/training-data.md": """
import dask.array, h5py, numpy as np, pandas, polars
import netlet
from netlet import layers
rng = np.random.default_rng(0)
pandas.DataFrame(rng.normal(size=(64, 3)), columns=["rooms", "age", "price"]).to_csv("houses.csv")
pandas.DataFrame(rng.normal(size=(64, 2)), columns=["rooms", "age"]).to_parquet("new.parquet")
model = netlet.Sequential([netlet.Input((2,)), layers.Dense(1)])
model.compile("adam", "mse")
blocks = {name: dask.array.from_array(rng.normal(size=(64, n)), chunks=(32, n)) for name, n in (("x", 2), ("y", 1))}
monkeypatch.setattr(dask.array, "from_zarr", lambda path: blocks[path.removesuffix(".zarr")])
with h5py.File("data.h5", "w") as file:
    for name, n in (("x", 2), ("y", 1), ("x_val", 2), ("y_val", 1)):
        file[name] = rng.normal(size=(64, n))
images, labels = rng.normal(size=(256, 8, 8, 1)).astype("float32"), rng.integers(0, 2, 256)
augment = layers.RandomFlip(seed=1)
classifier = netlet.Sequential([netlet.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1, "sigmoid")])
classifier.compile("adam", "binary_crossentropy")
""",
}

# {page: {number of a block: why it does not run here}}
NOT_RUN = {
    "coming-from/pytorch.md": {1: "PyTorch's side"},
    "guides/applications.md": {0: "downloads the weights and reads a photograph"},
    "guides/distributed.md": {1: "needs a Ray cluster; tests/distribution trains on one"},
    "internals/adding-an-op.md": {0: "the op that the page adds is not there"},
    "internals/cuda-simulation.md": {0: "needs a developer build"},
    "internals/cuda.md": {0: "needs a GPU"},
}

# Pages whose tables have code to run in the second column.
TABLES = ["coming-from/keras.md", "coming-from/pytorch.md", "coming-from/scikit-learn.md"]
