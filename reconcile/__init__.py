"""Reconciliation: what the vendor's side, our orders and the books say, compared every hour."""
