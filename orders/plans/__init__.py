"""Drip-feed and planned orders: one wish that becomes orders by and by, with its money set aside from the start."""
