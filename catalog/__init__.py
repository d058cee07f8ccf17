"""Our copy of the vendor's catalogue, with a mark-up: sync, pricing, search."""
