"""Layer itself: its state, how it is built and called, and what layer families share."""
