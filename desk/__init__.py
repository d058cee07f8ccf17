"""Help: what customers ask of the shop, what it answers, and what it tells everybody."""
