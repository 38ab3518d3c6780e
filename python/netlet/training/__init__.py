"""How a model is trained: the data it is fed, the step that is recorded, and the results that are read back."""
