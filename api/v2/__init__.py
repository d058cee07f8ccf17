"""The vendor's own dialect, with our ids and our prices: every action of docs/upstream.md, “The contract”."""
