"""Wires every room together: settings, URLs, Celery, health, the `up` command. Nobody imports it."""
