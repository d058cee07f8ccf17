"""Tests of the room accounts/ and of the pages that need nothing but a person."""
