"""`/api/v2/panel`, described: what existing panel software speaks."""

from django.utils.translation import gettext_lazy as _

from api import words
from api.docs.entries import Answer, Dialect, Entry, Param
from api.docs.shapes import by_id, digits, fields, flag, money, named, rows, text, whole, word
from api.docs.vendor import IDEMPOTENCY
from api.panel import ACTIONS, NO_CANCEL, NO_REFILL, NO_SUCH_ORDER, NO_SUCH_REFILL
from core.money import CURRENCY

_CURRENCY = word(CURRENCY)
_STANDING = fields(
    charge=money("1.20").meaning(_("USD for what was delivered; while it runs, for the whole.")),
    start_count=digits("1000"),
    status=word(words.IN_PROGRESS, words.PENDING, words.PROCESSING, words.COMPLETED, words.PARTIAL, words.CANCELED),
    remains=digits("400").meaning(
        _("How many pieces are still to come; of an order that has ended, what did not arrive.")
    ),
    currency=_CURRENCY,
)
_WISH = word(words.PENDING, words.COMPLETED, words.REJECTED)
_ORDER = Param("order", _("The order’s id."), "whole", example="23501", known_as="order")
_ORDERS = Param("orders", _("Instead of order: ids between commas, at most 100."), "ids")


ENTRIES = (
    Entry(
        "services",
        _("Everything that is on sale except numbers, with your prices."),
        (),
        (
            Answer(
                rows(
                    fields(
                        service=whole(101),
                        name=text("Instagram Followers"),
                        type=word("Default"),
                        category=text("Instagram"),
                        rate=money("1.20").meaning(_("USD for 1,000 pieces, of products too.")),
                        min=digits("100"),
                        max=digits("10000"),
                        refill=flag(True),
                        cancel=flag(False),
                        dripfeed=flag(True),
                    )
                )
            ),
        ),
    ),
    Entry(
        "add",
        _("Place an order of type Default. Its price is held on your balance, and kept for what is delivered."),
        (
            Param("service", _("The service’s id."), "whole", True, "101", "service"),
            Param(
                "link",
                _("What the service works on, such as the address of a page. May be left out for products."),
                example="https://example.com/name",
            ),
            Param("quantity", _("How many, between the service’s min and max."), "whole", True, "100", "quantity"),
            Param(
                "runs",
                _(
                    "Drip-feed: so many orders of this quantity, the first one now. The order’s id stands for all of "
                    "them in status and cancel."
                ),
                "whole",
            ),
            Param("interval", _("Minutes from one run to the next; needed with runs."), "whole"),
            Param("promo", _("A promotion code. If it takes nothing off, the order is not placed.")),
            IDEMPOTENCY,
        ),
        (Answer(fields(order=whole(23501))),),
    ),
    Entry(
        "status",
        _("How an order stands, or how up to 100 of them do. The goods of a product are on its page and in /api/v2."),
        (_ORDER, _ORDERS),
        (
            Answer(_STANDING, _("One:")),
            Answer(
                by_id(_23501=_STANDING, _999=fields(error=text(NO_SUCH_ORDER))),
                _("Several, by the id that was asked for:"),
            ),
        ),
    ),
    Entry(
        "balance",
        _("What you can spend now. What is held for open orders is not in it."),
        (),
        (Answer(fields(balance=money("100.00"), currency=_CURRENCY)),),
    ),
    Entry(
        "refill",
        _("Ask for a refill of an order that has lost something since. Somebody looks at each request."),
        (_ORDER, _ORDERS),
        (
            Answer(fields(refill=digits("7").meaning(_("The request’s id, for refill_status."))), _("One:")),
            Answer(
                rows(
                    fields(order=named(23501), refill=whole(7)),
                    fields(order=named(23502), refill=fields(error=text(NO_REFILL))),
                ),
                _("Several:"),
            ),
        ),
    ),
    Entry(
        "refill_status",
        _("How a request for a refill stands, or how up to 100 of them do."),
        (
            Param("refill", _("The request’s id."), "whole", example="7", known_as="refill"),
            Param("refills", _("Instead of refill: ids between commas, at most 100."), "ids"),
        ),
        (
            Answer(fields(status=_WISH), _("One:")),
            Answer(
                rows(
                    fields(refill=named(7), status=_WISH),
                    fields(refill=named(999), status=fields(error=text(NO_SUCH_REFILL))),
                ),
                _("Several:"),
            ),
        ),
    ),
    Entry(
        "cancel",
        _("Ask that an order be stopped. One that has not gone out is stopped at once; else somebody looks at it."),
        (_ORDER, _ORDERS),
        (
            Answer(fields(cancel=whole(8)), _("One:")),
            Answer(
                rows(
                    fields(order=named(23501), cancel=whole(8)),
                    fields(order=named(23502), cancel=fields(error=text(NO_CANCEL))),
                ),
                _("Several:"),
            ),
        ),
        note=_("The answer is the request’s number. Whether it was stopped, status tells."),
    ),
)
DIALECT = Dialect(
    name="panel",
    path="api:panel",
    title=_("For panel software"),
    about=_("What panels and their clients have long spoken: give them this address and a key, and nothing else."),
    entries=ENTRIES,
    actions=ACTIONS,
)
