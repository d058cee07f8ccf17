"""Who: the customers and operators of the shop."""
