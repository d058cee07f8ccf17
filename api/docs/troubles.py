"""The errors in words, what each means, and what a program should do about it."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from api import once, panel, refusals
from api.docs.entries import Text
from api.v2 import errors, numbers


@dataclass(frozen=True)
class Trouble:
    """Errors that mean the same; `words` as they are answered, `…` where they vary."""

    words: tuple[str, ...]
    means: Text
    do: Text
    status: int = 200


TROUBLES = (
    Trouble(
        (refusals.INVALID_KEY,),
        _("The key is missing, wrong or revoked, or the account is closed."),
        _("Stop, and put in a key that is good. Nothing was bought."),
    ),
    Trouble(
        (refusals.INVALID_ACTION,),
        _("There is no such action at this address."),
        _("Look at the spelling, and at which of the addresses you use."),
    ),
    Trouble(
        (refusals.READ_ONLY, refusals.WRONG_ADDRESS),
        _("The key is good, but not for this, or not from where you ask."),
        _("Use another key, or make one that may."),
    ),
    Trouble(
        (refusals.POST_ONLY, refusals.UNREADABLE, "… has characters in it that are not allowed"),
        _("The request is not a form and not JSON as it should be."),
        _("Send it by POST, as one of the examples does."),
    ),
    Trouble(
        (errors.NO_FUNDS, "Not enough funds on balance"),
        _("Your balance does not cover the purchase."),
        _("Add funds, then repeat it. Nothing was bought."),
    ),
    Trouble(
        (errors.NO_SERVICE_NAMED, errors.NO_SUCH_SERVICE, "Incorrect service ID"),
        _("The service is missing in the request, or no longer on sale."),
        _("Read services again."),
    ),
    Trouble(
        ("Quantity is required", "Quantity must be a whole number", "Quantity: …", "Link: …", "Runs: …", "Interval: …"),
        _("What was asked for does not fit the service; the sentence says how."),
        _("Correct it. Nothing was bought."),
    ),
    Trouble(
        (panel.NO_SUCH_TYPE,),
        _("Panels know other types of orders; here all have a link and a quantity."),
        _("Leave these parameters out."),
    ),
    Trouble(
        (errors.NO_PROJECT_NAMED, errors.NO_SUCH_PROJECT, "Project is not available in this country"),
        _("The project is missing in the request, or no longer on sale."),
        _("Read sms_projects again."),
    ),
    Trouble(
        (numbers.NONE_IN_TIME,),
        _("No number could be had."),
        _("Try again, or choose another country. Nothing is charged."),
    ),
    Trouble(
        (errors.NO_ORDER_NAMED, errors.NO_SUCH_ORDER, panel.NO_SUCH_ORDER, panel.NO_SUCH_REFILL),
        _("You have no order, number or request with this id."),
        _("Look at the id. Numbers have ids of their own."),
    ),
    Trouble(
        ("At most 100 at a time",),
        _("Too many ids in one request."),
        _("Ask in parts."),
    ),
    Trouble(
        (panel.NO_REFILL, panel.NO_CANCEL),
        _("The service does not offer it, or the order is not in a state for it."),
        _("Leave it: asking again changes nothing."),
    ),
    Trouble(
        (
            once.USED_BEFORE,
            "The idempotency keys in header and body differ",
            f"An idempotency key has at most {once.LONGEST} characters",
        ),
        _("The same idempotency key came with other values, or is no good."),
        _("Make a new key for each new purchase."),
    ),
    Trouble(
        ("Too many requests: try again in … s", "Too many requests for numbers at once: try again in 2 s"),
        _("The key asks more often than it may. Nothing happened."),
        _("Wait as long as the header Retry-After says, then repeat it."),
        429,
    ),
    Trouble(
        (once.UNSURE, numbers.STILL_BUYING),
        _("The purchase may have been made, or still may be."),
        _("Repeat it with the same idempotency key. Without one, look at your orders first. Never count it as failed."),
        503,
    ),
    Trouble(
        (refusals.OUR_FAULT,),
        _("Something broke on our side. Nothing was bought."),
        _("Try again in a moment."),
    ),
)
