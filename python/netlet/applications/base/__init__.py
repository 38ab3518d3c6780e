"""What the architectures share: their arguments, their files of weights, and parts of their graphs."""
