"""A stand-in for the vendor: a real HTTP server that keeps to the vendor's contract.

It is what `make run` talks to by default and what the tests talk to over a real socket. Nothing here
imports Django, so a test can start it in a thread. Layout, from the inside out:

clock       the vendor's time, which may run faster
catalogue   the seeded services; shelf: what is on sale now, as JSON
books       the prepaid balance and the journal
orders      one order's life as a function of time; order_desk: the rules of `add` and `status`
numbers     countries, projects, one number's life; sms_desk: the rules of the SMS actions
vendor      every action behind one lock
faults      what can go wrong on the wire, on demand
control     the JSON door for demos and tests
memory      one file in which the vendor's state survives a restart
server      HTTP
"""
