"""
Named entities: a label for every word
======================================

Finding the persons and places in a text is a many-to-many task: each word gets a label. A list of names does not
suffice, because new names appear all the time; the words around a name must tell what it is. A bidirectional LSTM
reads the sentence from both ends, so that it knows what comes before and after each word.
"""

# Lecture notes: Next-word prediction

# %%
# Sentences with persons and places
# ---------------------------------
# ``P`` stands for a person, ``L`` for a place. The test sentences contain only names that never occur in training.

import matplotlib.pyplot as plt
import numpy as np

import netlet
from netlet import layers

rng = np.random.default_rng(0)
TAGS = ["other", "person", "place"]
PATTERNS = ["P lives in L", "P met P in L", "in L we met P", "L is far from L", "P called P", "yesterday P left L"]
LONGEST = 5


def tagged(people, places):
    words, tags = [], []
    for word in rng.choice(PATTERNS).split():
        tags.append({"P": 1, "L": 2}.get(word, 0))
        words.append(str(rng.choice({"P": people, "L": places}.get(word, [word]))))
    return " ".join(words), tags + [0] * (LONGEST - len(tags))


train = [tagged(["ada", "emmy", "alan", "grace"], ["paris", "oslo", "cairo", "lima"]) for _ in range(1500)]
test = [tagged(["mileva", "niels"], ["bergen", "quito"]) for _ in range(300)]
vectorize = layers.TextVectorization(output_sequence_length=LONGEST)
vectorize.adapt([text for text, _ in train])


def tokens_of(texts):
    return np.asarray(vectorize(texts)).astype("int32")


x, y = tokens_of([text for text, _ in train]), np.array([tags for _, tags in train])
x_test, y_test = tokens_of([text for text, _ in test]), np.array([tags for _, tags in test])
print(train[0][0], "->", [TAGS[tag] for tag in train[0][1]])

# %%
# Unknown words must be trained, too
# ----------------------------------
# All new names become one token, ``[UNK]``. If it never occurs in training, its vector stays at random and means
# nothing. So half of the training names are replaced by it. For comparison a second model is trained without that.


def trained(inputs, wrap):
    netlet.utils.set_random_seed(0)
    model = netlet.Sequential(
        [
            layers.Embedding(vectorize.vocabulary_size(), 8, mask_zero=True),
            wrap(layers.LSTM(12, return_sequences=True)),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(netlet.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    model.fit(inputs, y, epochs=8, verbose=0)
    real = x_test > 0  # 0 is padding
    return model, (model.predict(x_test, verbose=0).argmax(axis=-1) == y_test)[real & (y_test > 0)].mean()


hidden = np.where((y > 0) & (rng.random(y.shape) < 0.5), 1, x)
model, both_ways = trained(hidden, layers.Bidirectional)
forward_model, forwards = trained(hidden, lambda layer: layer)
_, never_unknown = trained(x, layers.Bidirectional)
print(f"new names labelled correctly: {both_ways:.3f}")
print(f"reading forwards only: {forwards:.3f}; without unknown words in training: {never_unknown:.3f}")

# %%
# What the model says about each word
# -----------------------------------
# At the beginning of a sentence only the words that follow can tell a person from a place: reading forwards must
# guess.

shown = ["mileva lives in bergen", "quito is far from bergen", "yesterday niels left quito"]
figure, axes = plt.subplots(2, 3, figsize=(10.5, 4.2), layout="constrained", sharey=True, sharex="col")
for row, reader, way in zip(axes, (model, forward_model), ("both ways", "forwards only")):
    for ax, text, probabilities in zip(row, shown, reader.predict(tokens_of(shown), verbose=0)):
        words = text.split()
        ax.imshow(probabilities[: len(words)].T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        ax.set_xticks(range(len(words)), words)
        for word, p in enumerate(probabilities[: len(words)]):
            ax.text(word, p.argmax(), f"{p.max():.0%}", ha="center", va="center", color="w" if p.max() > 0.6 else "k")
    row[0].set_yticks(range(3), TAGS)
    row[0].set_ylabel(way)
figure.suptitle("Probability of each label; all names are new to the model")

# %%
# *Try:* add the pattern ``"P likes L"`` and ``"P likes P"``. What does the model say about a new name at the end?

assert both_ways > 0.98 and forwards < 0.95
