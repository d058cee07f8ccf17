"""Runs a whole shop on one machine: its parts as processes, one log, one clean end."""
