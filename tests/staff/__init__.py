"""Staff: what they may do, what is recorded of it, and what they do about customers."""
