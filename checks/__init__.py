"""What `make checks` runs: `python -m checks`."""
