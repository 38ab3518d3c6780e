"""
Float formats, bit by bit
=========================

A floating-point number is a sign, an exponent and a mantissa: ±1.mantissa × 2^exponent. The exponent's bits decide
how large and how small numbers can be, the mantissa's bits how finely they are spaced. This page takes a number apart
in float32, float16 and bfloat16, and trains a network in each of them.
"""

# Lecture notes: FP32, FP16, BF16

# %%
# The bits of 0.1
# ---------------
# 0.1 has no finite binary expansion, so each format stores the nearest number that it has.
# :func:`netlet.utils.float_parts` shows which.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import netlet
from netlet import layers
from netlet.utils import float_parts

FORMATS = ("float32", "float16", "bfloat16")
PARTS = {"sign": "#c62828", "exponent": "#d9730d", "mantissa": "#2f6fb5"}
print(float_parts(0.1, "float16"))
for dtype, expected in zip(FORMATS, ([1, 8, 23], [1, 5, 10], [1, 8, 7])):
    assert [len(part) for part in float_parts(0.1, dtype).bits.split()] == expected

# %%
# In the figure each square is a bit. bfloat16 is float32 rounded to its first 16 bits: the same exponent, fewer digits.

figure, ax = plt.subplots(figsize=(9.5, 2.8), layout="constrained")
for row, dtype in enumerate(FORMATS):
    parts, at = float_parts(0.1, dtype), 0
    for colour, text in zip(PARTS.values(), parts.bits.split()):
        for bit in text:
            ax.add_patch(Rectangle((at, -row), 0.9, 0.7, color=colour, alpha=0.9 if bit == "1" else 0.25))
            ax.text(
                at + 0.45, -row + 0.35, bit, ha="center", va="center", fontsize=9, color="white" if bit == "1" else "k"
            )
            at += 1
    ax.text(-0.4, -row + 0.35, dtype, ha="right", va="center")
    ax.text(at + 0.4, -row + 0.35, f"= {float(parts.value):.9f}", va="center")
for name, colour in PARTS.items():
    ax.plot([], [], "s", color=colour, label=name)
ax.set(xlim=(-4, 39), ylim=(-2.2, 1.2), title="0.1 in three formats")
ax.axis("off")
ax.legend(frameon=False, loc="lower right", ncols=3)

# %%
# Precision or range
# ------------------
# The relative error of rounding, over many orders of magnitude. float16 is the *more precise* of the two 16-bit
# formats, by three bits, but only from 0.00006 to 65504. Above it has only infinity, below it loses digit after digit.
# bfloat16 is coarse everywhere and covers everything that float32 covers.

magnitudes = np.geomspace(1e-12, 1e8, 1500) * np.random.default_rng(0).uniform(1, 2, 1500)
figure, ax = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
for dtype, colour in zip(FORMATS, ("0.5", "#2f6fb5", "#d9730d")):
    values = float_parts(magnitudes, dtype).value.astype("float64")
    error = np.where(np.isfinite(values), np.abs(values / magnitudes - 1), np.nan)
    ax.loglog(magnitudes, np.maximum(error, 1e-11), ".", color=colour, markersize=3, label=dtype)
ax.axvline(65504, color="#2f6fb5", linestyle=":")
ax.text(65504 * 1.4, 3e-11, "largest\nfloat16", color="#2f6fb5")
ax.set(xlabel="number", ylabel="relative error", ylim=(1e-11, 3), title="float16 is finer, bfloat16 reaches further")
ax.text(2e-12, 0.3, "float16\nrounds to 0", color="#2f6fb5", va="top")
ax.legend(frameon=False, markerscale=4, loc=(0.02, 0.34))

assert abs(float(float_parts(0.1, "float16").value) - 0.1) < abs(float(float_parts(0.1, "bfloat16").value) - 0.1)
assert np.isinf(float_parts(70_000, "float16").value) and np.isfinite(float_parts(3e38, "bfloat16").value)

# %%
# Training with them
# ------------------
# A *mixed* policy computes in a 16-bit format and stores the weights in float32, so that small updates are not rounded
# away. float16 needs a scaled loss besides, because small gradients fall below its range; ``compile`` adds it.

images, labels = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split((images / 16).astype("float32"), labels, random_state=0)
accuracy = {}
for policy in ("float32", "mixed_float16", "mixed_bfloat16"):
    netlet.utils.set_random_seed(0)
    hidden = layers.Dense(64, activation="relu", dtype=policy)
    model = netlet.Sequential([netlet.Input((64,)), hidden, layers.Dense(10, activation="softmax", dtype="float32")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=20, verbose=0)
    accuracy[policy] = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    print(
        f"{policy:15} accuracy {accuracy[policy]:.3f}, computes in {hidden.compute_dtype}, stores {hidden.kernel.dtype}"
    )

# %%
# All three read the digits equally well: a network does not need the digits that the short formats drop.
#
# *Try:* print ``float_parts(1 + 1 / 512, "bfloat16")``. Adding a small number to a large one can change nothing.

assert max(accuracy.values()) - min(accuracy.values()) < 0.01
