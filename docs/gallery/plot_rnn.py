"""
A recurrent network, unrolled
=============================

A recurrent layer reads a sequence step by step. At each step it mixes the input with its own output of the step
before, ``h = tanh(x W + h U + b)``, and uses the *same* weights each time. Drawn once for each step, it is an
ordinary deep network whose layers share their weights; back-propagation through that network is back-propagation
through time.
"""

# Lecture notes: RNN

# %%
# The same gradient twice
# -----------------------
# First :class:`netlet.layers.SimpleRNN`, which runs all steps in one call. Then the same computation written as a
# loop. The gradients must be equal: each is the sum of what the six uses of a weight contribute.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyBboxPatch

import netlet
from netlet import layers, ops

netlet.utils.set_random_seed(0)
rng = np.random.default_rng(0)
STEPS = 6
x = ops.convert_to_tensor(rng.normal(size=(4, STEPS, 3)))  # 4 sequences of 6 steps with 3 features, float64
layer = layers.SimpleRNN(5, dtype="float64", bias_initializer="random_normal")
layer.build(x.shape)

with netlet.GradientTape() as tape:
    loss = ops.sum(layer(x) ** 2)
from_layer = tape.gradient(loss, layer.trainable_variables)

kernel, recurrent, bias = layer.trainable_variables
with netlet.GradientTape() as tape:
    h = ops.zeros((4, 5), "float64")
    for t in range(STEPS):
        h = ops.tanh(ops.matmul(x[:, t], kernel) + ops.matmul(h, recurrent) + bias)
    loss = ops.sum(h**2)
from_loop = tape.gradient(loss, [kernel, recurrent, bias])

difference = max(np.abs(np.subtract(a, b)).max() for a, b in zip(from_layer, from_loop))
print(f"largest difference of the gradients: {difference:.1e}")
print("numbers in the layer:", layer.count_params(), "however long the sequence is")
assert difference < 1e-12
assert layer.count_params() == 3 * 5 + 5 * 5 + 5

# %%
# The gradient through time
# -------------------------
# How much does the last state still depend on the first input, and on each later one? On the way back the gradient
# passes the recurrent weights at every step. We start from an orthogonal matrix, which keeps lengths, and scale it.
# With a factor below 1 the gradient fades: 0.5³⁰ is 10⁻⁹. With a factor above 1 it grows until tanh saturates; without
# tanh, a factor of 2 would make it 2³⁰ ≈ 10⁹ times as large.
#
# The drawing at the left shows the unrolled network. The outputs ``y = h V`` are those of a dense layer after it.

long = ops.convert_to_tensor(0.1 * rng.normal(size=(16, 30, 3)))
norms = {}
for factor in (0.5, 0.8, 1.0, 1.3):
    layer = layers.SimpleRNN(32, dtype="float64", recurrent_initializer=netlet.initializers.Orthogonal(factor, seed=1))
    with netlet.GradientTape() as tape:
        tape.watch(long)
        loss = ops.sum(layer(long))
    norms[factor] = np.linalg.norm(tape.gradient(loss, long), axis=(0, 2))

figure, (drawing, ax) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained", width_ratios=(1.1, 1))
arrow = {"arrowstyle": "->", "color": "0.35", "shrinkA": 0, "shrinkB": 0}
for t in range(4):
    for y, colour, text in ((0, "#e5e7eb", f"x{t + 1}"), (1, "#c9dcf0", f"h{t + 1}"), (2, "#fbe3cd", f"y{t + 1}")):
        drawing.add_patch(FancyBboxPatch((1.5 * t, y), 0.7, 0.4, boxstyle="round,pad=0.05", facecolor=colour))
        drawing.text(1.5 * t + 0.35, y + 0.2, text, ha="center", va="center")
    for low, name in ((0.45, "W"), (1.45, "V")):
        drawing.annotate("", (1.5 * t + 0.35, low + 0.5), xytext=(1.5 * t + 0.35, low), arrowprops=arrow)
        drawing.text(1.5 * t + 0.42, low + 0.25, name, va="center", color="#2f6fb5")
    if t:
        drawing.annotate("", (1.5 * t - 0.05, 1.2), xytext=(1.5 * t - 0.75, 1.2), arrowprops=arrow)
        drawing.text(1.5 * t - 0.4, 1.27, "U", ha="center", color="#2f6fb5")
drawing.set(xlim=(-0.2, 5.5), ylim=(-0.2, 2.7), title="Unrolled: W, U and V are the same at each step")
drawing.axis("off")
for (factor, values), colour in zip(norms.items(), ("#123f73", "#2f6fb5", "#6b7280", "#d9730d")):
    ax.semilogy(range(1, 31), values, color=colour, label=f"recurrent weights × {factor}")
ax.set(xlabel="time step of the input", ylabel="norm of the gradient", title="Back through time")
ax.legend(frameon=False)

# %%
# At a factor of 0.5 the first inputs receive a billionth of the gradient: the network cannot learn what they have to
# do with the end. :doc:`LSTM and GRU <plot_lstm_gates>` were made for this.

assert norms[0.5][0] / norms[0.5][-1] < 1e-8 and norms[1.0][0] / norms[1.0][-1] > 1e-2

# %%
# Four ways to wire it
# --------------------
# What a task puts in and takes out decides the arguments.

wirings = {
    "many to one (sentiment)": [netlet.Input((7, 3)), layers.SimpleRNN(8), layers.Dense(1)],
    "many to many (tagging)": [netlet.Input((7, 3)), layers.SimpleRNN(8, return_sequences=True), layers.Dense(2)],
    "one to many (captioning)": [
        netlet.Input((3,)),
        layers.RepeatVector(7),
        layers.SimpleRNN(8, return_sequences=True),
        layers.Dense(2),
    ],
    "one to one (no recurrence)": [netlet.Input((3,)), layers.Dense(8), layers.Dense(2)],
}
for name, parts in wirings.items():
    model = netlet.Sequential(parts)
    print(f"{name:27} {model.input_shape!s:14} -> {model.output_shape}")

# %%
# *Try:* replace ``SimpleRNN`` by ``GRU`` in the gradient experiment (without the recurrent initializer).
