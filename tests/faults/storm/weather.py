"""The vendor's random faults, call by call: how often each kind strikes in which weather.

Purchases are struck less often than questions: what hits a purchase may leave a doubt for an operator, and a storm
of nothing but doubts would prove little.
"""

from typing import Any

from upstream.sandbox.server import Sandbox

BUYING = ("add", "add_sms")
ASKING = ("status", "sms_status", "sms_code", "balance", "inventory")
LISTS = ("services", "categories", "sms_projects", "sms_countries")
# Longer than the shop waits (UPSTREAM_TIMEOUT of the storm).
TIMEOUT = 2.0
TOO_LONG = TIMEOUT + 0.8

# Each kind, its share of all that strikes, and its details. 429 and rate-limit words rest everybody, so one of them
# weighs as much as many others.
KINDS: list[tuple[str, float, dict[str, Any]]] = [
    ("lost_before", 0.15, {}),
    ("lost_after", 0.15, {}),
    ("hang", 0.06, {"seconds": TOO_LONG, "when": "after"}),
    ("hang", 0.06, {"seconds": TOO_LONG, "when": "before"}),
    ("http_500", 0.15, {}),
    ("http_502_html", 0.13, {}),
    ("html", 0.10, {}),
    ("broken_json", 0.12, {}),
    ("slow_drip", 0.06, {"delay": 0.008}),
    ("http_429", 0.015, {"retry_after": 1}),
    ("rate_limit_words", 0.005, {}),
]
# The share of calls that is struck: buying, asking.
STRENGTH = {"calm": (0.03, 0.25), "gusts": (0.12, 0.45), "hurricane": (0.50, 0.75)}


def blow(sandbox: Sandbox, weather: str) -> None:
    """Put the faults of this weather in force, in place of those before."""
    sandbox.faults.clear()
    buying, asking = STRENGTH[weather]
    for actions, strength in ((BUYING, buying), (ASKING, asking), (LISTS, asking)):
        for action in actions:
            _strike(sandbox, action, strength)


def _strike(sandbox: Sandbox, action: str, strength: float) -> None:
    # The vendor tries fault after fault, so each one's rate is among the calls that those before it let pass.
    passed = 1.0
    for kind, share, details in KINDS:
        if kind == "slow_drip" and action in LISTS:
            continue  # a catalogue would drip for minutes
        wanted = strength * share
        sandbox.fault(kind, action=action, rate=min(wanted / passed, 1.0), **details)
        passed -= wanted
