"""`/api/v2`, described: services, products and numbers."""

from django.utils.translation import gettext_lazy as _

from api import words
from api.docs.entries import Answer, Dialect, Entry, Param
from api.docs.shapes import Shape, by_id, digits, fields, flag, maybe, money, rows, text, whole, word
from api.v2.errors import NO_SUCH_ORDER
from api.v2.table import ACTIONS
from core.money import CURRENCY

IDEMPOTENCY = Param(
    "idempotency_key",
    _("A text of your own, at most 200 characters. The same one again brings the same purchase, not a second one."),
)
_ORDER_WORDS = (words.PENDING, words.PROCESSING, words.COMPLETED, words.PARTIAL, words.CANCELED)
_NUMBER_WORDS = ("active", "code_received", "completed", "expired", "canceled")
_CURRENCY = word(CURRENCY)
_KIND = word("smm", "product").meaning(_("“smm” for a social-media service, “product” for goods that arrive as text."))
_AUTO = flag(True).meaning(_("False: somebody fulfils it by hand, which may take a while."))
_RATE = money("1.20").meaning(_("USD for 1,000 pieces of a social-media service, for one piece of a product."))
_CHARGE = money("1.20").meaning(_("USD for what was delivered; while it runs, for the whole."))
_REMAINS = whole(400).meaning(_("How many pieces are still to come; of an order that has ended, what did not arrive."))


def _standing(**more: Shape) -> Shape:
    """How an order stands."""
    return fields(
        status=word(words.IN_PROGRESS, *_ORDER_WORDS),
        charge=_CHARGE,
        start_count=whole(1000),
        remains=_REMAINS,
        currency=_CURRENCY,
        **more,
        autoDelivery=_AUTO,
    )


_SERVICE = fields(
    service=whole(101),
    name=text("Instagram Followers"),
    type=text("Default"),
    category=text("Instagram"),
    rate=_RATE,
    min=whole(100),
    max=whole(10_000),
    refill=flag(True),
    cancel=flag(False),
    stock=whole(10_000).meaning(_("How many can be had now.")),
    entityType=_KIND,
    autoDelivery=_AUTO,
)
_GOODS = fields(
    status=word(words.COMPLETED, words.IN_PROGRESS, *_ORDER_WORDS),
    charge=money("5.00").meaning(_CHARGE.about),
    start_count=whole(0),
    remains=whole(0).meaning(_REMAINS.about),
    currency=_CURRENCY,
    entityType=word("product"),
    autoDelivery=_AUTO,
    accounts=rows(text("user1:pass1"), text("user2:pass2")).meaning(
        _("The goods that have arrived so far, one text for each piece.")
    ),
)
# Before the first piece has arrived.
_GOODS_TO_COME = fields(
    status=word(words.PENDING, words.IN_PROGRESS, *_ORDER_WORDS),
    charge=money("5.00").meaning(_CHARGE.about),
    start_count=whole(0),
    remains=whole(2).meaning(_REMAINS.about),
    currency=_CURRENCY,
    entityType=word("product"),
    autoDelivery=_AUTO,
)
_NUMBER = Param("order", _("The number’s id, from add_sms."), "whole", True, "501", "number")

ENTRIES = (
    Entry(
        "balance",
        _("What you can spend now. What is held for open orders is not in it."),
        (),
        (Answer(fields(balance=money("100.00"), currency=_CURRENCY)),),
    ),
    Entry(
        "categories",
        _("The categories that have something on sale, for the filters of services."),
        (),
        (
            Answer(
                fields(
                    categories=rows(
                        fields(category=text("Instagram"), subcategories=rows(text("Followers"), text("Likes")))
                    )
                )
            ),
        ),
    ),
    Entry(
        "services",
        _("What is on sale, with your prices."),
        (
            Param("page", _("Which page; 1 if left out."), "whole", example="1"),
            Param("limit", _("How many on a page; 0, or left out: everything at once."), "whole", example="50"),
            Param("category", _("Only this category, by name.")),
            Param("subcategory", _("Only this subcategory, by name.")),
        ),
        (
            Answer(
                fields(services=rows(_SERVICE), total=whole(1), page=whole(1), limit=whole(50), total_pages=whole(1))
            ),
        ),
    ),
    Entry(
        "inventory",
        _("How many of a service can be had."),
        (Param("service", _("The service’s id."), "whole", True, "101", "service"),),
        (
            Answer(
                fields(service=whole(101), stock=whole(250), available=flag(True), entityType=_KIND, autoDelivery=_AUTO)
            ),
        ),
    ),
    Entry(
        "add",
        _("Place an order. Its price is held on your balance, and kept for what is delivered."),
        (
            Param("service", _("The service’s id."), "whole", True, "101", "service"),
            Param(
                "link",
                _("What the service works on, such as the address of a page. May be left out for products."),
                example="https://example.com/name",
            ),
            Param("quantity", _("How many, between the service’s min and max."), "whole", True, "100", "quantity"),
            Param("promo", _("A promotion code. If it takes nothing off, the order is not placed.")),
            IDEMPOTENCY,
        ),
        (Answer(fields(order=whole(23501).meaning(_("The order’s id, for status.")))),),
    ),
    Entry(
        "status",
        _("How an order stands, or how up to 100 of them do."),
        (
            Param("order", _("The order’s id."), "whole", example="23501", known_as="order"),
            Param("orders", _("Instead of order: ids between commas. The answer has one entry for each."), "ids"),
        ),
        (
            Answer(_standing(), _("A social-media service:")),
            Answer(_GOODS, _("A product, with what has arrived:")),
            Answer(_GOODS_TO_COME, _("A product of which nothing has arrived yet:")),
            Answer(
                by_id(_23501=_standing(), _23502=_GOODS, _23503=_GOODS_TO_COME, _999=fields(error=text(NO_SUCH_ORDER))),
                _("Several, by the id that was asked for:"),
            ),
        ),
        note=_("Ask for running orders every half a minute or more rarely, for all of them in one request."),
    ),
    Entry(
        "sms_countries",
        _("The countries in which numbers are on sale."),
        (),
        (Answer(rows(fields(country_code=text("us"), country_name=text("United States")))),),
    ),
    Entry(
        "sms_projects",
        _("What numbers can be bought for, and their prices: one entry for each service and country."),
        (Param("country", _("Only this country, by its country_id."), example="us", known_as="country"),),
        (
            Answer(
                rows(
                    fields(
                        project_id=digits("12"),
                        name=text("OpenAI / ChatGPT"),
                        price=money("0.5000").meaning(_("USD for one number that gets a code.")),
                        country_id=text("us"),
                        country_title=text("United States"),
                    )
                )
            ),
        ),
    ),
    Entry(
        "add_sms",
        _("Buy numbers. The answer comes when they are there, within 20 seconds; let your program wait for 30."),
        (
            Param("project_id", _("From sms_projects."), "whole", True, "12", "project_id"),
            Param("quantity", _("How many numbers, 1 to 10; 1 if left out."), "whole", example="1"),
            Param("country", _("Refuses the purchase if the project is of another country.")),
            Param("phone", _("A number that you had before for the same project, to use it again.")),
            IDEMPOTENCY,
        ),
        (
            Answer(
                fields(
                    orders=rows(
                        fields(
                            order=whole(501).meaning(_("The number’s id, for sms_code and sms_status.")),
                            phone=text("+12025550123"),
                            country=text("us"),
                            status=word(*_NUMBER_WORDS),
                        )
                    )
                )
            ),
        ),
        note=_(
            "Fewer numbers may come than were asked for; what did not come is not charged. "
            "A number without a code costs nothing."
        ),
    ),
    Entry(
        "sms_code",
        _("The newest code of a number."),
        (_NUMBER,),
        (
            Answer(
                fields(
                    status=word("completed"), code=text("123456"), sms_content=text("Your verification code is 123456")
                ),
                _("There is one:"),
            ),
            Answer(
                fields(status=word("waiting", *_NUMBER_WORDS), message=text("Waiting for code")), _("There is none:")
            ),
        ),
        note=_("Ask every two or three seconds until the status is no longer “waiting”."),
    ),
    Entry(
        "sms_status",
        _("How a number stands."),
        (_NUMBER,),
        (
            Answer(
                fields(
                    status=word("code_received", *_NUMBER_WORDS),
                    phone=text("+12025550123"),
                    code=maybe(text("123456")).meaning(_("The newest code; null without one.")),
                    charge=money("0.5000").meaning(_("USD for the number: 0.0000 once it ended without a code.")),
                    currency=_CURRENCY,
                    expires_at=text("2026-01-01T12:00:00.000Z"),
                )
            ),
        ),
    ),
)
DIALECT = Dialect(
    name="v2",
    path="api:v2",
    title=_("Services, products and numbers"),
    about=_("Everything that the shop sells. Ids and counts are numbers, money is text, in US dollars."),
    entries=ENTRIES,
    actions=ACTIONS,
)
