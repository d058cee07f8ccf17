"""The ways money comes in: payment providers, transfers that an operator checks, vouchers; and what is taken back."""
