"""Models with text inputs: the text layers run in Python, all other layers in recorded steps."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import netlet
from netlet import layers

GOOD, BAD, REST = "good fine great nice".split(), "bad poor awful sad".split(), "the a film is it".split()


def reviews(count: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Texts of neutral words with some positive (label 1) or negative (label 0) ones."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    texts = []
    for label in labels:
        words = [*rng.choice(GOOD if label else BAD, 3), *rng.choice(REST, rng.integers(2, 9))]
        texts.append(" ".join(rng.permutation(words)).capitalize() + "!")
    return texts, labels


TEXTS, LABELS = reviews(400, 0)
ASKED = ["A great film!", "the film is awful"]


def model_of(mode="multi_hot", before=(), **arguments):
    netlet.utils.set_random_seed(3)
    text = layers.TextVectorization(output_mode=mode)
    text.adapt(TEXTS)
    model = netlet.Sequential([*before, text, layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")])
    model.compile(netlet.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"], **arguments)
    return model


def test_a_script_of_ones_own_tells_good_reviews_from_bad_ones():
    """Vectorize, pad, encode, train: preprocessing outside the model, without a text layer in it."""
    netlet.utils.set_random_seed(1)
    texts, labels = reviews(300, 1)
    vectorize = layers.TextVectorization(max_tokens=100)
    vectorize.adapt(texts)
    x = netlet.utils.pad_sequences(vectorize(texts).numpy(), maxlen=12, padding="post", truncating="post")
    one_hot = netlet.utils.to_categorical(x, vectorize.vocabulary_size())[..., 1:]
    model = netlet.Sequential(
        [
            netlet.Input(one_hot.shape[1:]),
            layers.GlobalMaxPooling1D(),
            layers.Dense(8, "relu"),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(netlet.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(one_hot, labels, epochs=20, validation_split=0.25, verbose=0)
    assert history.history["val_accuracy"][-1] == 1.0


BEGINNINGS = {
    "none": lambda: (),
    "scalar": lambda: (netlet.Input((), dtype="string"),),
    "column": lambda: (netlet.Input((1,), dtype="string"),),
}


@pytest.mark.parametrize("mode", ["multi_hot", "count", "tf_idf"])
@pytest.mark.parametrize("before", BEGINNINGS)
def test_a_model_of_texts_learns(mode, before):
    model = model_of(mode, BEGINNINGS[before]())
    history = model.fit(TEXTS, LABELS, epochs=12, validation_split=0.25, verbose=0)
    assert history.history["val_accuracy"][-1] == 1.0
    _, accuracy = model.evaluate(np.array(TEXTS), LABELS, verbose=0)
    assert accuracy == 1.0
    good, bad = model.predict(np.array(ASKED), verbose=0)[:, 0]
    assert good > 0.9 and bad < 0.1


def test_every_way_in_gives_the_same():
    model = model_of()
    model.fit(TEXTS, LABELS, epochs=2, verbose=0)
    expected = model.predict(ASKED, verbose=0)
    by_hand = model.layers[0](ASKED)
    for layer in model.layers[1:]:
        by_hand = layer(by_hand)
    np.testing.assert_allclose(by_hand.numpy(), expected, rtol=1e-6)
    forms = [np.array(ASKED), np.array(ASKED, object)[:, None], [[t] for t in ASKED], [t.encode() for t in ASKED]]
    for form in forms:
        np.testing.assert_array_equal(model.predict(form, verbose=0), expected)
        np.testing.assert_array_equal(model.predict_on_batch(form), expected)
        np.testing.assert_array_equal(model.predict_on_batch(form), expected)
        np.testing.assert_allclose(model(form).numpy(), expected, rtol=1e-6)
    one_by_one = (np.array([text]) for text in ASKED)
    np.testing.assert_allclose(model.predict(one_by_one, verbose=0), expected, rtol=1e-6)


def test_batches_arrays_and_eager_steps_train_alike():
    batches = [(TEXTS[i : i + 32], LABELS[i : i + 32]) for i in range(0, 400, 32)]

    class Batches(netlet.utils.PyDataset):
        def __len__(self):
            return len(batches)

        def __getitem__(self, i):
            return np.array(batches[i][0]), batches[i][1]

    def weights(model):
        return [w.copy() for w in model.get_weights()]

    arrays = model_of()
    arrays.fit(TEXTS, LABELS, batch_size=32, epochs=1, shuffle=False, verbose=0)
    expected = weights(arrays)
    for run in (
        lambda m: m.fit(iter(batches), verbose=0),
        lambda m: m.fit(Batches(), shuffle=False, verbose=0),
        lambda m: [m.train_on_batch(x, y) for x, y in batches],
    ):
        model = model_of()
        run(model)
        for a, b in zip(weights(model), expected, strict=True):
            np.testing.assert_array_equal(a, b)
    eager = model_of(run_eagerly=True)
    eager.fit(TEXTS, LABELS, batch_size=32, epochs=1, shuffle=False, verbose=0)
    for a, b in zip(weights(eager), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("eagerly", [False, True])
def test_integers_are_looked_up_once(eagerly):
    """The lookup layer's output has the same form as its input and must not be looked up a second time."""
    lookup = layers.IntegerLookup(vocabulary=[2, 0, 1], num_oov_indices=0)
    netlet.utils.set_random_seed(1)
    model = netlet.Sequential([netlet.Input((3,), dtype="int64"), lookup, layers.Rescaling(1.0), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=eagerly)
    x, y = np.array([[0, 1, 2], [2, 1, 0]] * 3), np.zeros((6, 1))
    found = np.array([[1, 2, 0], [0, 2, 1]] * 3, "float32")
    kernel, bias = model.layers[-1].get_weights()
    for predicted in (
        model.predict(x, verbose=0),
        model.predict_on_batch(x),
        model.predict_on_batch(x),
        model(x).numpy(),
        model(netlet.ops.convert_to_tensor(x)).numpy(),
        model.predict([[0, 1, 2], [2, 1, 0]] * 3, verbose=0),
    ):
        np.testing.assert_allclose(predicted, found @ kernel + bias, rtol=1e-5)
    first = model.train_on_batch(x, y)
    np.testing.assert_allclose(first, np.mean((found @ kernel + bias) ** 2), rtol=1e-5)
    assert model.train_on_batch(x, y) < first
    history = model.fit(x, y, validation_split=0.5, epochs=2, verbose=0).history
    assert history["val_loss"][1] < history["val_loss"][0]


def test_a_graph_with_texts_among_its_inputs(tmp_path):
    text, numbers = netlet.Input((1,), dtype="string", name="text"), netlet.Input((2,), name="numbers")
    kind = netlet.Input((), dtype="string", name="kind")
    bag = layers.TextVectorization(output_mode="multi_hot", vocabulary=GOOD + BAD)(text)
    place = layers.Hashing(4, output_mode="one_hot")(kind)
    joined = layers.Concatenate()([bag, place, numbers])
    model = netlet.Model([text, numbers, kind], layers.Dense(1, "sigmoid")(joined))
    model.compile(netlet.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    x = [np.array(TEXTS), np.zeros((400, 2), "float32"), ["film"] * 400]
    assert model.fit(x, LABELS, epochs=10, verbose=0).history["accuracy"][-1] == 1.0
    expected = model.predict(x, verbose=0)
    named = dict(zip(("text", "numbers", "kind"), x))
    np.testing.assert_array_equal(model.predict(named, verbose=0), expected)
    np.testing.assert_allclose(model(x).numpy(), expected, rtol=1e-5)
    model.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet")
    np.testing.assert_array_equal(again.predict(x, verbose=0), expected)
    assert again.fit(named, LABELS, verbose=0).history["accuracy"] == [1.0]


@pytest.mark.parametrize("before", BEGINNINGS)
def test_a_file_keeps_the_vocabulary(before, tmp_path):
    model = model_of("tf_idf", BEGINNINGS[before]())
    model.fit(TEXTS, LABELS, verbose=0)
    model.save(tmp_path / "m.netlet")
    again = netlet.models.load_model(tmp_path / "m.netlet")
    assert again.layers[0].get_vocabulary() == model.layers[0].get_vocabulary()
    assert again.layers[0].get_config() == model.layers[0].get_config()
    np.testing.assert_array_equal(again.predict(ASKED, verbose=0), model.predict(ASKED, verbose=0))
    a, b = (m.fit(TEXTS, LABELS, epochs=2, verbose=0).history for m in (model, again))
    assert a == b
    again.layers[0].adapt(TEXTS)  # a vocabulary from `adapt` can be adapted again
    copy = netlet.models.clone_model(model)
    assert copy.layers[0].get_vocabulary() == model.layers[0].get_vocabulary()


def test_a_model_of_nothing_else():
    model = netlet.Sequential([layers.TextVectorization(vocabulary=GOOD, output_sequence_length=2)])
    assert model.predict(["good nice film"], verbose=0).tolist() == [[2, 5]]
    assert model([["fine"]]).numpy().tolist() == [[3, 0]]


def test_texts_where_there_is_no_layer_for_them():
    model = netlet.Sequential([netlet.Input((1,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"fit\(x\).*texts become numbers by layers.TextVectorization"):
        model.fit(np.array(["a", "b"]), np.zeros(2), verbose=0)
    with pytest.raises(ValueError, match=r"predict\(x\).*texts become numbers"):
        model.predict(["a", "b"], verbose=0)


def test_a_layer_of_text_behind_others():
    lookup = layers.IntegerLookup(vocabulary=[1, 2], output_mode="one_hot", name="ids")
    model = netlet.Sequential([netlet.Input((1,), dtype="int64"), layers.Flatten(), lookup, layers.Dense(1)])
    with pytest.raises(ValueError, match=r"Layer 'ids': .*runs in Python, before the model's recorded step"):
        model.predict(np.array([[1]]), verbose=0)
    assert model(np.array([[1], [2]])).shape == (2, 1)


def test_inputs_that_do_not_fit():
    model = model_of(before=(netlet.Input((1,), dtype="string"),))
    with pytest.raises(ValueError, match=r"expected shape \(None, 1\).*received \(1, 1, 2\)"):
        model.predict(np.array([[["a", "b"]]]), verbose=0)
    with pytest.raises(ValueError, match="expected texts for input"):
        model.predict(np.zeros((2, 1)), verbose=0)
    with pytest.raises(ValueError, match="number of rows"):
        model.fit(TEXTS, LABELS[:-1], verbose=0)


def test_a_batch_is_prepared_while_a_step_of_the_same_model_runs():
    """The prefetch thread runs the layers in front; a step in another thread does not keep it from that."""
    model = model_of()
    prepared = []
    with model.fed():
        thread = threading.Thread(target=lambda: prepared.append(model.run_ahead(np.array(ASKED))))
        thread.start()
        thread.join()
    assert prepared[0].dtype == "float32"
