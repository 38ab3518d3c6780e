"""The Layer class (state, building, calling) and the base classes and checks that layer families share."""
