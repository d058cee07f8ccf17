"""The storm: a whole shop of real processes under every fault at once, and three books compared afterwards.

    .venv/bin/python -m tests.faults.storm --seed 7 --minutes 30 --orders 2000 --numbers 500

docs/reliability.md says what it promises and how to read it. Layout, from the inside out:

clock       runs one process of the shop with a clock that the driver can step
schedule    what goes wrong when, and who buys what: drawn from the seed, before anything runs
weather     the vendor's random faults, call by call, as strong as the hour says
customers   people who buy through the web pages, with lost answers, second clicks and lost patience
acts        what the driver does to the shop: kill, flush, cut, step, revoke
promise     the three books compared: the statement of what must be true
driver      puts up the shop, lets the storm pass, waits for quiet, compares
"""
