"""
Word vectors from their neighbours
==================================

Words that stand in the same places mean similar things. Word2Vec turns this into training: give each word a vector,
and make vectors of words that stand near each other agree. *Skip-gram* predicts the neighbours of a word, the
*continuous bag of words* predicts a word from the average of its neighbours. The text is made in the page with a
known structure, so that we can check what was found.
"""

# Lecture notes: Word2Vec

# %%
# A text with a planted structure
# -------------------------------
# Thirty words of five kinds. Each sentence takes one word of each kind in turn, so that words of one kind have the
# same neighbours, but never stand side by side themselves.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

import netlet
from netlet import layers

KINDS = {
    "animal": ["cat", "dog", "horse", "cow", "sheep", "goat"],
    "action": ["eats", "smells", "wants", "finds", "steals", "tastes"],
    "food": ["bread", "rice", "soup", "cheese", "apples", "cake"],
    "place": ["inside", "outside", "upstairs", "downstairs", "here", "nearby"],
    "time": ["today", "often", "again", "daily", "early", "late"],
}
words = [word for kind in KINDS.values() for word in kind]
kind_of = np.repeat(np.arange(5), 6)
rng = np.random.default_rng(0)
text = 6 * (np.arange(12_000) % 5) + rng.integers(0, 6, 12_000)
print(" ".join(words[k] for k in text[:20]))

# %%
# Skip-gram with negative sampling
# --------------------------------
# Each pair of neighbours is a positive example. Five random words for each pair are negative ones. The model
# multiplies two vectors, one from the table of centre words and one from the table of context words, and the sigmoid
# of the product says whether they are a true pair.

NEGATIVE, SIZE = 5, 8
centre, context = np.r_[text[:-1], text[1:]], np.r_[text[1:], text[:-1]]


def with_negatives(inputs, targets):
    """The true pairs with label 1 and, for each, five pairs with a random target and label 0."""
    random = rng.integers(0, len(words), len(targets) * NEGATIVE)
    labels = np.r_[np.ones(len(targets)), np.zeros(len(random))].astype("float32")
    return np.concatenate([inputs, np.repeat(inputs, NEGATIVE, axis=0)]).astype("int32"), np.r_[targets, random], labels


def word_vectors(inputs, targets):
    """Trains the two tables. `inputs` (pairs, words): the vectors of several words are averaged."""
    netlet.utils.set_random_seed(0)
    inputs, targets, labels = with_negatives(inputs, targets)
    known, asked = netlet.Input((inputs.shape[1],), dtype="int32"), netlet.Input((1,), dtype="int32")
    vectors = layers.Embedding(len(words), SIZE)
    average = layers.GlobalAveragePooling1D()(vectors(known))
    product = layers.Dot(axes=1)([average, layers.Flatten()(layers.Embedding(len(words), SIZE)(asked))])
    model = netlet.Model([known, asked], layers.Activation("sigmoid")(product))
    model.compile(netlet.optimizers.Adam(1e-2), "binary_crossentropy")
    model.fit([inputs, targets[:, None].astype("int32")], labels, batch_size=512, epochs=8, verbose=0)
    return vectors.get_weights()[0]


skip_gram = word_vectors(centre[:, None], context)

# %%
# Continuous bag of words
# -----------------------
# The same model, with a word's two neighbours as the input and the word as the target.

bag_of_words = word_vectors(np.c_[text[:-2], text[2:]], text[1:-1])

# %%
# What was found
# --------------
# Each word's nearest words by the angle between the vectors must be of its own kind.


def nearest(vectors, count=5):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -1)
    return np.argsort(-similarity, axis=1)[:, :count]


figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
for ax, (name, vectors) in zip(axes, {"skip-gram": skip_gram, "continuous bag of words": bag_of_words}.items()):
    found = np.mean(kind_of[nearest(vectors)] == kind_of[:, None])
    print(f"{name}: {found:.0%} of the five nearest words are of the same kind;", end=" ")
    print("nearest to cat:", ", ".join(words[k] for k in nearest(vectors)[0]))
    assert found == 1.0
    flat = PCA(2).fit_transform(vectors)
    for kind, (label, colour) in enumerate(zip(KINDS, ("#2f6fb5", "#d9730d", "#3a8f4d", "#7b4fa3", "#111827"))):
        members = flat[kind_of == kind]
        ax.scatter(*members.T, color=colour, label=label, s=30)
        ax.annotate(KINDS[label][0], members[0], xytext=(5, 4), textcoords="offset points", fontsize=9, color=colour)
    ax.margins(0.15)
    ax.set(title=name, xlabel="first principal component", ylabel="second principal component")
axes[1].legend(frameon=False)

# %%
# Nobody told the model what an animal is. It placed the words of a kind together because they have the same
# neighbours.
#
# *Try:* let "cat" stand in the place of "here" in half of the sentences. Where does its vector go?
