"""What people may ask of the shop about themselves: a copy of everything, and to be forgotten."""
