"""Webhooks: customers' own addresses are told, signed, what becomes of their orders and numbers."""
