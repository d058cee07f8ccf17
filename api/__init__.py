"""The customers' API."""
