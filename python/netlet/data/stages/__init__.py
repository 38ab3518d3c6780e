"""The stages that a Dataset is made of: each reads the items of the stages before it."""
