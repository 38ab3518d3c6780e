"""The command line: `python -m netlet demo | bench | verify | info`."""
