"""The shop's database backend for PostgreSQL: Django's own, with a cheaper look at whether a connection still lives."""
