"""Small faults put into the code that reckons with money, one at a time: `make mutation` says which no test notices."""
