"""The first run: what a shop needs before its first sale, each thing checked and explained."""
