"""Generated calls of the public functions, layers and losses, for differential tests and tests of gradients."""
