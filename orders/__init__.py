"""Orders of services and products: placed, forwarded, followed, settled."""
