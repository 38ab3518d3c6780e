"""Keras's "Collaborative Filtering for Movie Recommendations": embeddings of users and movies, a dot product."""

import numpy as np
import pytest

import netlet
from support.both import assert_same_numbers, run_both, start_from_the_same_weights

NUM_USERS, NUM_MOVIES, EMBEDDING_SIZE = 60, 40, 6


def make_recommender(keras):
    layers, ops = keras.layers, keras.ops

    class RecommenderNet(keras.Model):
        def __init__(self, num_users, num_movies, embedding_size, **kwargs):
            super().__init__(**kwargs)
            self.num_users = num_users
            self.num_movies = num_movies
            self.embedding_size = embedding_size
            self.user_embedding = layers.Embedding(
                num_users,
                embedding_size,
                embeddings_initializer="he_normal",
                embeddings_regularizer=keras.regularizers.l2(1e-6),
            )
            self.user_bias = layers.Embedding(num_users, 1)
            self.movie_embedding = layers.Embedding(
                num_movies,
                embedding_size,
                embeddings_initializer="he_normal",
                embeddings_regularizer=keras.regularizers.l2(1e-6),
            )
            self.movie_bias = layers.Embedding(num_movies, 1)

        def call(self, inputs):
            user_vector = self.user_embedding(inputs[:, 0])
            user_bias = self.user_bias(inputs[:, 0])
            movie_vector = self.movie_embedding(inputs[:, 1])
            movie_bias = self.movie_bias(inputs[:, 1])
            dot_user_movie = layers.Dot(axes=1)([user_vector, movie_vector])
            x = dot_user_movie + user_bias + movie_bias
            return ops.sigmoid(x)

    return RecommenderNet(NUM_USERS, NUM_MOVIES, EMBEDDING_SIZE)


@pytest.fixture(scope="module")
def ratings():
    """(user, movie) pairs, their ratings in [0, 1] from two latent features, and all true ratings."""
    rng = np.random.default_rng(0)
    tastes, films = rng.standard_normal((NUM_USERS, 2)), rng.standard_normal((NUM_MOVIES, 2))
    x = np.stack([rng.integers(0, NUM_USERS, 2000), rng.integers(0, NUM_MOVIES, 2000)], axis=1)
    score = (tastes[x[:, 0]] * films[x[:, 1]]).sum(-1)
    y = np.round(4.5 / (1 + np.exp(-2 * score)) * 2) / 2 + 0.5  # ratings in steps of half a star
    return x, (y - 0.5) / 4.5, 1 / (1 + np.exp(-2 * tastes @ films.T))


def test_the_same_numbers_as_keras(ratings):
    x, y, _ = ratings

    def script(keras):
        model = make_recommender(keras)
        model.compile(loss=keras.losses.BinaryCrossentropy(), optimizer=keras.optimizers.Adam(learning_rate=0.01))
        model(x[:2])
        start_from_the_same_weights(model)
        history = model.fit(
            x=x[:1000], y=y[:1000], batch_size=100, epochs=2, verbose=0, shuffle=False,
            validation_data=(x[1800:], y[1800:]),
        )  # fmt: skip
        return {**history.history, "ratings": model.predict(x[:20], verbose=0)}

    assert_same_numbers(*run_both(script))


def test_recommendations(ratings):
    x, y, liked = ratings
    netlet.utils.set_random_seed(0)
    model = make_recommender(netlet)
    model.compile(loss=netlet.losses.BinaryCrossentropy(), optimizer=netlet.optimizers.Adam(learning_rate=0.01))
    history = model.fit(
        x=x[:1800], y=y[:1800], batch_size=64, epochs=20, verbose=0, validation_data=(x[1800:], y[1800:])
    ).history
    constant = y[1800:].mean()
    baseline = -np.mean(y[1800:] * np.log(constant) + (1 - y[1800:]) * np.log(1 - constant))
    assert min(history["val_loss"]) < 0.93 * baseline

    found = []
    for user in range(10):
        movies_watched = x[:1800][x[:1800, 0] == user, 1]
        movies_not_watched = [[m] for m in range(NUM_MOVIES) if m not in movies_watched]
        user_movie_array = np.hstack(([[user]] * len(movies_not_watched), movies_not_watched))
        predicted = model.predict(user_movie_array, verbose=0).flatten()
        top_ratings_indices = predicted.argsort()[-5:][::-1]
        recommended = [movies_not_watched[i][0] for i in top_ratings_indices]
        found.append(liked[user, recommended].mean() - liked[user, np.ravel(movies_not_watched)].mean())
    assert np.mean(found) > 0.1
