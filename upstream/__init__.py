"""The vendor's language: wire types, client, shared pace, forwarding, and a sandbox that plays the vendor."""
