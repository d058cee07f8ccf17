"""The JSON door for demos and tests: look at the vendor's state, move its time, make things go wrong.

POST an object to `/control`; its keys are done in the order of `COMMANDS`. GET gives the state.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from upstream.sandbox.books import as_json
from upstream.sandbox.numbers import SMS_BEHAVIOURS
from upstream.sandbox.orders import BEHAVIOURS

if TYPE_CHECKING:
    from upstream.sandbox.server import Sandbox

EXAMPLES = 10  # ids shown for each behaviour


def run(sandbox: Sandbox, commands: Any) -> dict[str, Any]:
    """Do what an object of commands says. A ValueError says in words what is wrong with it."""
    if not isinstance(commands, dict) or not commands:
        raise ValueError("Send a JSON object of commands.")
    if unknown := commands.keys() - COMMANDS.keys():
        raise ValueError(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(COMMANDS)}.")
    for name, act in COMMANDS.items():
        if name in commands:
            try:
                act(sandbox, commands[name])
            except TypeError:
                # A missing, unknown or ill-typed field of an otherwise known command.
                raise ValueError(f"{name}: the fields don't fit this command.") from None
    vendor = sandbox.vendor
    return {"ok": True, "now": round(vendor.clock.now(), 3), "balance": format(vendor.balance, "f")}


def state(sandbox: Sandbox, *, after: int = 0) -> dict[str, Any]:
    """The state in brief, and the journal from its entry `after` on (counted from 0)."""
    vendor = sandbox.vendor
    return {
        "url": sandbox.url,
        "now": round(vendor.clock.now(), 3),
        "speed": vendor.clock.speed,
        "seed": vendor.seed,
        "balance": format(vendor.balance, "f"),
        "services": sum(not service.gone for service in vendor.services.values()),
        **vendor.states(),
        "received": dict(sandbox.received),
        "processed": dict(vendor.calls),
        "faults": sandbox.faults.as_json(),
        "fired": dict(sandbox.faults.fired),
        "behaviours": {
            entity: {
                behaviour: vendor.services_that(behaviour, entity=entity)[:EXAMPLES]
                for behaviour in (*BEHAVIOURS, "mixed")
            }
            for entity in ("smm", "product")
        },
        "sms_behaviours": {
            behaviour: vendor.projects_that(behaviour)[:EXAMPLES] for behaviour in (*SMS_BEHAVIOURS, "mixed")
        },
        "journal": [as_json(entry) for entry in vendor.journal[after:]],
    }


def _fields(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("A command's value must be an object here.")
    return dict(value)


def _clear(sandbox: Sandbox, value: Any) -> None:
    if value is not True:
        raise ValueError("clear takes true.")
    sandbox.clear()


def _balance(sandbox: Sandbox, value: Any) -> None:
    try:
        sandbox.set_balance(Decimal(str(value)))
    except InvalidOperation:
        raise ValueError("balance takes an amount as text.") from None


def _advance(sandbox: Sandbox, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("advance takes seconds.")
    sandbox.advance(value)


def _api_key(sandbox: Sandbox, value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise ValueError("api_key takes text.")
    sandbox.set_key(value)


def _set_service(sandbox: Sandbox, value: Any) -> None:
    fields = _fields(value)
    sandbox.set_service(fields.pop("service", None), **fields)


def _order(sandbox: Sandbox, value: Any) -> None:
    fields = _fields(value)
    sandbox.force(fields.pop("id", None), **fields)


# Clearing goes first, so that one request can start afresh and set up; time moves last.
COMMANDS: dict[str, Callable[[Sandbox, Any], Any]] = {
    "clear": _clear,
    "balance": _balance,
    "api_key": _api_key,
    "set_service": _set_service,
    "plan": lambda sandbox, value: sandbox.plan(**_fields(value)),
    "plan_sms": lambda sandbox, value: sandbox.plan_sms(**_fields(value)),
    "order": _order,
    "fault": lambda sandbox, value: sandbox.fault(**_fields(value)),
    "advance": _advance,
}
