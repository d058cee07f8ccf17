"""`/stubs/handler_api.php`, described: the protocol that bots for SMS codes speak."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from api.docs.entries import Text
from api.docs.shapes import Shape, by_id, digits, fields, flag, maybe, rows, text, whole, word
from api.handler import says

PATH = "api:handler"


def _plain(pattern: str, example: str) -> Shape:
    """An answer in plain text."""
    return Shape({"type": "string", "pattern": f"^{pattern}$"}, example)


def _number(example: float) -> Shape:
    """USD as a number of JSON."""
    return Shape({"type": "number", "minimum": 0}, example)


@dataclass(frozen=True)
class Line:
    """An action: what it needs, what it takes besides, and what it answers."""

    action: str
    about: Text
    answers: tuple[Shape, ...]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()

    @property
    def examples(self) -> list[str]:
        """Its answers as they come."""
        return [
            shape.example if isinstance(shape.example, str) else json.dumps(shape.example, ensure_ascii=False)
            for shape in self.answers
        ]


def example(known: Mapping[str, str]) -> dict[str, str]:
    """A request that runs as it stands, where something is on sale."""
    return {
        "action": "getNumber",
        "service": known.get("bot_service", "tg"),
        "country": known.get("bot_country", "187"),
    }


_MOMENT = _plain("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", "2026-01-31 12:00:00")
_GETTING = ("country", "maxPrice", "orderId")

LINES = (
    Line(
        "getBalance",
        _("What you can spend now, in US dollars and whole cents."),
        (_plain(r"ACCESS_BALANCE:[0-9]+\.[0-9]{2}", "ACCESS_BALANCE:44.60"),),
    ),
    Line(
        "getNumber",
        _(
            "Buy a number, for at most maxPrice. It is waited for up to 20 seconds. The same orderId again brings the "
            "same number, until nothing came of it."
        ),
        (_plain("ACCESS_NUMBER:[0-9]+:[0-9]+", "ACCESS_NUMBER:501:12025550123"),),
        needs=("service",),
        takes=_GETTING,
    ),
    Line(
        "getNumberV2",
        _("The same, and all that is known of the number."),
        (
            fields(
                activationId=whole(501),
                phoneNumber=digits("12025550123"),
                activationCost=_number(0.55),
                currency=whole(says.USD),
                countryCode=digits("187"),
                canGetAnotherSms=flag(True),
                activationTime=_MOMENT,
                activationOperator=text("any"),
            ),
        ),
        needs=("service",),
        takes=_GETTING,
    ),
    Line(
        "getStatus",
        _("Whether the code is there. STATUS_WAIT_RETRY has the last code while another one is waited for."),
        (
            _plain("STATUS_WAIT_CODE", "STATUS_WAIT_CODE"),
            _plain("STATUS_WAIT_RETRY:.+", "STATUS_WAIT_RETRY:123456"),
            _plain("STATUS_OK:.+", "STATUS_OK:123456"),
            _plain("STATUS_CANCEL", "STATUS_CANCEL"),
        ),
        needs=("id",),
    ),
    Line(
        "getStatusV2",
        _("The whole message; sms is null while there is none."),
        (
            fields(
                verificationType=whole(0),
                sms=maybe(fields(dateTime=_MOMENT, code=text("123456"), text=text("Your code is 123456"))),
                call=Shape({"type": "null"}, None),
            ),
        ),
        needs=("id",),
    ),
    Line(
        "setStatus",
        _(
            "1: you sent for the code. 3: wait for another code. 6: you have what you wanted. 8: give it back, which "
            "is refused until the number has ended by itself. None of them costs anything."
        ),
        tuple(
            _plain(word, word) for word in ("ACCESS_READY", "ACCESS_RETRY_GET", "ACCESS_ACTIVATION", "ACCESS_CANCEL")
        ),
        needs=("id", "status"),
    ),
    Line(
        "getPrices",
        _("What a number costs and how many one request may take, by country and service."),
        (by_id(_187=by_id(tg=fields(cost=_number(0.55), count=whole(10)))),),
        takes=("service", "country"),
    ),
    Line(
        "getCountries",
        _("The countries in which something is on sale; id is what the other actions call country."),
        (
            by_id(
                _0=fields(
                    id=whole(187),
                    rus=text("Соединенные Штаты"),
                    eng=text("United States"),
                    chn=text("美国"),
                    visible=whole(1),
                    retry=whole(1),
                    rent=whole(0),
                    multiService=whole(0),
                )
            ),
        ),
    ),
    Line(
        "getServicesList",
        _("The services on sale, with their codes."),
        (fields(status=word("success"), services=rows(fields(code=text("tg"), name=text("Telegram")))),),
        takes=("country",),
    ),
    Line(
        "getNumbersStatus",
        _("How many numbers of each service one request may take."),
        (by_id(tg_0=whole(10)),),
        takes=("country",),
    ),
    Line(
        "getActiveActivations",
        _("Your numbers that are under way, the newest first, at most 100."),
        (
            fields(
                status=word("success"),
                activeActivations=rows(
                    fields(
                        activationId=whole(501),
                        serviceCode=text("tg"),
                        phoneNumber=digits("12025550123"),
                        activationCost=_number(0.55),
                        activationStatus=word("4"),
                        smsCode=maybe(text("123456")),
                        smsText=maybe(text("Your code is 123456")),
                        activationTime=_MOMENT,
                        discount=word("0"),
                        repeated=word("0", "1"),
                        countryCode=digits("187"),
                        countryName=text("United States"),
                        canGetAnotherSms=word("1"),
                        currency=whole(says.USD),
                    )
                ),
            ),
        ),
        takes=("start", "limit"),
    ),
)

WORDS: tuple[tuple[str, Text], ...] = (
    (says.BAD_KEY, _("The key is missing, wrong or revoked, or it may not do this, or not from where you ask.")),
    (says.BAD_ACTION, _("There is no such action, or the request can’t be read.")),
    (says.BAD_SERVICE, _("No service has this code: see getServicesList.")),
    (
        says.NO_NUMBERS,
        _("There is no number for this wish now, and nothing is charged. Ask again, or choose otherwise."),
    ),
    (says.NO_BALANCE, _("Your balance does not cover it: add funds.")),
    (says.WRONG_MAX_PRICE, _("The number costs more than maxPrice.")),
    (says.ORDER_ALREADY_EXISTS, _("Under this orderId a number is still being bought, or something else was.")),
    (says.NO_ACTIVATION, _("You have no number with this id.")),
    (says.BAD_STATUS, _("The number is not in a state for this.")),
    (says.EARLY_CANCEL_DENIED, _("It can’t be given back: without a code it ends by itself and costs nothing.")),
    (says.ACCOUNT_INACTIVE, _("Your account is suspended: log in to read why, or ask for help.")),
    (f"{says.BANNED}:2026-01-31 12-00-00", _("Too many requests: ask again after this moment, in UTC.")),
    (
        says.ERROR_SQL,
        _("Something broke on our side. A number may have been bought all the same; without a code it costs nothing."),
    ),
)
