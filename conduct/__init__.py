"""Acceptable use: what the shop does not sell, and to which links, and who tried."""
