"""`make screenshots`: every page of a lived-in shop, photographed into ./screenshots with an index to look at.

Both themes, wide and narrow, English and Chinese; and the admin, in English, wide. `--only WORDS` takes the pages
whose name has one of the words, `--big` a catalogue of 100,000 services.
"""
