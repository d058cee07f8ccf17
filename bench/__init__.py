"""Benchmarks: commands that print what they measured, beside what it is compared with in the same run."""
