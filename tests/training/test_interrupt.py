"""Ctrl-C ends a long fit within a batch and leaves the model usable."""

from support.child import run_child


def test_ctrl_c_ends_a_native_epoch():
    run_child("""
        import os, signal, threading
        import netlet, numpy as np
        from netlet import layers

        # A process started in the background may have inherited that Ctrl-C is ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        x, y = np.random.rand(4000, 64).astype("float32"), np.random.randint(0, 3, 4000)
        model = netlet.Sequential([netlet.Input((64,)), layers.Dense(256, "relu"), layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x, y, verbose=0)
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            model.fit(x, y, epochs=10**9, verbose=0)
            raise SystemExit("fit ended by itself")
        except KeyboardInterrupt:
            pass
        assert all(np.isfinite(w).all() for w in model.get_weights())
        model.fit(x, y, verbose=0)
        assert model.predict(x, verbose=0).shape == (4000, 3)
        """)
