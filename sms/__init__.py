"""Phone numbers for SMS codes."""
