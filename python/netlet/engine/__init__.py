"""What layers and models stand on: tensors and their operators, variables, gradient tapes, symbolic graphs."""
