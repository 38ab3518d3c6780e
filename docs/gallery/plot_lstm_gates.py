"""
What the gates of an LSTM do
============================

A long short-term memory has two states: the cell *c* (the long memory) and the hidden state *h* (the short memory),
both 0 at the start. Three gates between 0 and 1 decide at each step what the cell forgets, what it takes in, and what
it shows. This page computes one step by hand and then watches the gates of a trained LSTM while it keeps a number in
mind.
"""

# Lecture notes: LSTM

# %%
# One step by hand
# ----------------
# The notes work through a step of one unit: long memory 2, short memory 1, input 1. Each gate has a weight for the
# input, one for the short memory, and a bias. Keras's order of the four columns is input, forget, candidate, output.

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers, ops

kernel = np.array([[1.65, 1.63, 0.94, -0.19]])
recurrent = np.array([[2.00, 2.70, 1.41, 4.38]])
bias = np.array([0.62, 1.62, -0.32, 0.59])
one = np.ones((1, 1))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


z_input, z_forget, z_candidate, z_output = (kernel + recurrent + bias)[0]  # input and short memory are 1
long = 2 * sigmoid(z_forget) + sigmoid(z_input) * np.tanh(z_candidate)
short = sigmoid(z_output) * np.tanh(long)
print(f"long memory 2 -> {long:.4f}, short memory 1 -> {short:.4f}")

h, c = ops.lstm_step(one, one, 2 * one, kernel, recurrent, bias)
assert abs(float(c[0, 0]) - long) < 1e-12 and abs(float(h[0, 0]) - short) < 1e-12
assert (round(long, 2), round(short, 2)) == (2.95, 0.99)

# %%
# A task that needs memory
# ------------------------
# Each sequence has 30 random numbers. At one step a second input, the marker, is 1. The network must return the number
# that stood there, at the end, however long ago that was.

STEPS = 30


def sequences(count, seed):
    rng = np.random.default_rng(seed)
    numbers = rng.uniform(-1, 1, (count, STEPS))
    at = rng.integers(0, STEPS, count)
    marker = np.eye(STEPS)[at]
    return np.stack([numbers, marker], axis=-1).astype("float32"), numbers[np.arange(count), at].astype("float32")


netlet.utils.set_random_seed(0)
x, y = sequences(4000, seed=1)
x_test, y_test = sequences(500, seed=2)


def trained(recurrent_layer):
    model = netlet.Sequential([netlet.Input((STEPS, 2)), recurrent_layer, layers.Dense(1)])
    model.compile(netlet.optimizers.Adam(1e-2, clipnorm=1.0), "mse")
    history = model.fit(x, y, batch_size=64, epochs=40, validation_data=(x_test, y_test), verbose=0)
    return model, history.history["val_loss"]


model, lstm_losses = trained(layers.LSTM(2))
_, rnn_losses = trained(layers.SimpleRNN(2))
print(f"error: LSTM {lstm_losses[-1]:.4f}, SimpleRNN {rnn_losses[-1]:.4f}, answering always 0 {np.mean(y_test**2):.4f}")
assert lstm_losses[-1] < 0.01 and lstm_losses[-1] < rnn_losses[-1] / 10

# %%
# The gates over time
# -------------------
# The layer returns h only, so we run its weights step by step and write the gates down. Of its two units we show the
# one whose input gate reacts to the marker most.

kernel, recurrent, bias = model.layers[0].get_weights()
sample = np.random.default_rng(7).uniform(-1, 1, (STEPS, 2))
sample[:, 1] = np.arange(STEPS) == 9
sample[9, 0] = 0.8
h, c = np.zeros(2), np.zeros(2)  # both memories start at 0
gates = []
for number in sample:
    i, f, g, o = np.split(number @ kernel + h @ recurrent + bias, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    gates.append([sigmoid(i), sigmoid(f), sigmoid(o), c])
gates = np.array(gates)  # (steps, what, units)
assert np.abs(h - model.layers[0](sample[None].astype("float32")).numpy()).max() < 1e-4
unit = np.argmax(gates[9, 0] - gates[10:, 0].mean(axis=0))

figure, axes = plt.subplots(3, 1, figsize=(8, 5.6), layout="constrained", sharex=True)
axes[0].stem(range(STEPS), sample[:, 0], linefmt="0.7", markerfmt=".", basefmt=" ")
axes[0].plot(9, 0.8, "o", color="#d9730d", label="the marked number")
axes[0].set(ylabel="input", title="The cell keeps the marked number and ignores the rest")
axes[0].legend(frameon=False, loc="lower right")
for k, (name, colour) in enumerate((("input gate", "#2f6fb5"), ("forget gate (1 = keep)", "#d9730d"))):
    axes[1].plot(gates[:, k, unit], color=colour, marker=".", label=name)
axes[1].set(ylabel="gate", ylim=(-0.05, 1.25))
axes[1].legend(frameon=False, ncols=2, loc="upper right")
axes[2].plot(gates[:, 3, unit], color="#123f73", marker=".")
axes[2].set(xlabel="time step", ylabel="cell state c")
for ax in axes:
    ax.axvline(9, color="#d9730d", linestyle=":", zorder=0)

# %%
# At the marker the input gate opens and the forget gate drops: the cell lets go of the old value and takes the new
# one. Afterwards the forget gate stays near 1 and the input gate near 0, so the value lasts; a little leaks at each
# step. Along this path the gradient is multiplied by the forget gate, not by a weight matrix, so it hardly fades. The
# simple recurrent network with as many units does not even learn to be better than always answering 0.
#
# *Try:* set ``unit_forget_bias=False`` in the LSTM. Learning to keep starts later, because the gates begin at one
# half.
