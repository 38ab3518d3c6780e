"""
A multilayer perceptron reads digits
====================================

The network of many first lessons: 784 pixels, two hidden layers of 16 units, 10 outputs. It has 13,002 weights and
biases. You choose its learning rate with a sweep, train it on scikit-learn's handwritten digits, and look at its
mistakes.
"""
# Lecture notes: MLP on digits, one-hot labels, 784-16-16-10

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import callbacks, datasets, layers, optimizers, plots

netlet.utils.set_random_seed(0)

# %%
# The data
# --------
# The images ship with scikit-learn and have 8 × 8 pixels; here they are enlarged to the 28 × 28 of MNIST, and each
# becomes a row of 784 numbers from 0 to 1. A label such as 3 becomes a row of ten numbers with a single 1
# (*one-hot*), because the network has one output for each digit.

(x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
enlarge = netlet.Sequential([layers.Reshape((8, 8, 1)), layers.Resizing(28, 28), layers.Flatten()])
train, test = enlarge.predict(x_train, verbose=0), enlarge.predict(x_test, verbose=0)
one_hot, one_hot_test = netlet.utils.to_categorical(y_train, 10), netlet.utils.to_categorical(y_test, 10)
print(train.shape, y_train[0], "→", one_hot[0])

# %%
# The network
# -----------
# A layer of 16 units that reads 784 inputs has 784 × 16 weights and 16 biases. The sum over the three layers is
# 12,560 + 272 + 170 = 13,002. The variant with a single hidden layer of 20 has 15,910.


def network(*hidden):
    model = netlet.Sequential([netlet.Input((784,))])
    for units in hidden:
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    return model


model = network(16, 16)
model.summary()
assert model.count_params() == 13_002
assert network(20).count_params() == 15_910

# %%
# Find the learning rate
# ----------------------
# ``LearningRateFinder`` raises the rate from batch to batch until the loss explodes, and restores the weights
# afterwards. A good rate is where the loss falls fastest: well before the minimum of the curve, which is already
# close to the end.

model.compile(optimizers.Adam(), "categorical_crossentropy", metrics=["accuracy"])
finder = callbacks.LearningRateFinder(1e-5, 1.0, steps=450)
model.fit(train, one_hot, epochs=10, verbose=0, callbacks=[finder])
rate = finder.suggestion()
print(f"suggested rate: {rate:.4f}")
assert 0.0005 < rate < 0.01

# %%
# Train
# -----
# The last tenth of the training data is held back to watch the loss on images that the network does not learn from.

model.optimizer.learning_rate = rate
history = model.fit(train, one_hot, batch_size=32, epochs=25, validation_split=0.1, verbose=0)
loss, accuracy = model.evaluate(test, one_hot_test, verbose=0)
print(f"test accuracy: {accuracy:.3f}")
assert accuracy > 0.93

# %%
# The sweep, the training, and the first images it gets wrong beside some that it gets right.

figure = plt.figure(figsize=(11, 6.5), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=[3, 2])
left, right = top.subplots(1, 2)
finder.plot(ax=left)
for key, style in {"loss": "-", "val_loss": "--"}.items():
    right.semilogy(range(1, 26), history.history[key], style, label=key)
right.set(xlabel="epoch", ylabel="categorical cross-entropy")
right.set_title(f"Training at the rate {rate:.2g}", loc="left")
right.legend(frameon=False)
predicted = model.predict(test, verbose=0).argmax(axis=1)
order = np.argsort(predicted == y_test, kind="stable")[:20]  # mistakes first
plots.sample_grid(x_test[order], y_test[order], predicted[order], rows=2, columns=10, figure=bottom)
plt.show()

# %%
# **Try:** train at 30 times the suggested rate, and at a thousandth of it. In the figure of the sweep, where are
# they?
