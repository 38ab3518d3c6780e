"""
A model in 8 bits, after and during training
============================================

A trained model needs far fewer bits than float32 has. *Post-training quantization* rounds its weights and activations
to 8-bit codes; *quantization-aware training* (QAT) lets the model feel the rounding for a few more epochs and adapt.
This page quantizes a digit reader in several ways, compares accuracy and size, and looks at the weights before and
after.
"""

# Lecture notes: Post-training quantization

# %%
# A model to quantize
# -------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import netlet
from netlet import layers, plots
from netlet.quantizers import AwareConfig, Int8Config, quantize_aware

digits = load_digits()
images, labels = (digits.images[..., None] / 16).astype("float32"), digits.target
x, y, x_test, y_test = images[:1200], labels[:1200], images[1200:], labels[1200:]


def make_model():
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential([netlet.Input((8, 8, 1)), layers.Conv2D(16, 3, activation="relu", name="conv")])
    for layer in (layers.Flatten(), layers.Dense(64, activation="relu", name="hidden"), layers.Dense(10, name="out")):
        model.add(layer)
    loss = netlet.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(netlet.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
    return model


original = make_model()
original.fit(x, y, epochs=20, verbose=0)


def fresh():
    model = make_model()
    model.set_weights(original.get_weights())
    return model


def accuracy(model):
    return model.evaluate(x_test, y_test, verbose=0)[1]


# %%
# Post-training quantization
# --------------------------
# *Static* activations need ranges, which come from *representative data*: a few hundred typical inputs. For the second
# model they are ten times too dark, so its ranges are too small, and everything beyond is cut off.
# ``only_if_faster=False`` quantizes layers even if 8 bits do not make them faster, which is so for small ones.

results = {"float32": (original, accuracy(original))}
ways = {
    "int8, representative data": Int8Config(activations="static", calibration=x[:256]),
    "int8, wrong data": Int8Config(activations="static", calibration=0.1 * x[:256]),
    "int8, dynamic": Int8Config(),
}
for name, config in ways.items():
    model = fresh()
    model.quantize("int8", config=config, only_if_faster=False)
    results[name] = model, accuracy(model)
weights_only = fresh()
weights_only.quantize("int4")
results["int4 weights only"] = weights_only, accuracy(weights_only)

# %%
# Quantization-aware training
# ---------------------------
# Each step computes with the codes; the gradient passes through the rounding as if it were not there. Afterwards
# ``quantize`` gives the integer model with the same outputs.

aware = quantize_aware(fresh(), AwareConfig("static", calibration=x[:256], observer="moving_average", freeze_after=40))
aware.optimizer.learning_rate = 2e-4
aware.fit(x, y, epochs=5, verbose=0)
during = aware.predict(x_test, verbose=0)
aware.quantize("int8", only_if_faster=False)
assert np.abs(aware.predict(x_test, verbose=0) - during).max() < 1e-4
results["int8 after QAT"] = aware, accuracy(aware)

# %%
# Accuracy and size
# -----------------

size = {"float32": 4 * original.count_params()}
for name, (model, score) in results.items():
    if name != "float32":
        size[name] = sum(row.bytes_after for row in model.quantization_report())
    print(f"{name:26} accuracy {score:.3f}   {size[name]:6,} bytes")

figure, ax = plt.subplots(figsize=(7.5, 3.4), layout="constrained")
for name, (_, score) in reversed(results.items()):
    ax.bar_label(ax.barh(name, score, color="#2f6fb5"), [f"{score:.1%}, {size[name] / 1000:.1f} kB"], padding=4)
ax.set(xlabel="test accuracy", xlim=(0, 1.25), xticks=np.arange(0, 1.1, 0.2), title="Accuracy and size")

best, fine = results["float32"][1], results["int8, representative data"][1]
assert abs(best - fine) < 0.01 and size["int8, representative data"] < 0.3 * size["float32"]
assert results["int8 after QAT"][1] > best - 0.01
assert results["int8, wrong data"][1] < best - 0.02

# %%
# Weights before and after
# ------------------------
# The 255 values of int8 weights are so dense that the histograms nearly coincide. int4 leaves fifteen values for each
# output, and the histogram becomes coarse. The titles give the signal-to-noise ratio: each bit less costs 6 dB.

plots.quantization(results["int8, representative data"][0]).suptitle("int8")
plots.quantization(weights_only).suptitle("int4")
print(results["int8, representative data"][0].quantization_report())

# %%
# *Try:* ``Int8Config(per_channel=False)``: one scale for a whole layer. How many decibels does it cost?
