"""What each kind of staff may do: the one table of rights in the admin.

A migration makes a group for each role, an owner puts people into them. What a role may do stands here and nowhere in
the database, so that an upgrade that brings a new page brings its rights with it. Groups of an operator's own, with
rights from the database, work beside them. Owners may do everything, as superusers do.

Rights are spelt as letters: v(iew), a(dd), c(hange), d(elete). An act on a row asks for one of them too; whatever moves
money, or decides about it, asks for `wallet.change_account`.
"""

from functools import cache

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.models import User

OWNER, FINANCE, CATALOGUE, SUPPORT = "Owner", "Finance", "Catalogue", "Support"
ROLES = (OWNER, FINANCE, CATALOGUE, SUPPORT)

_LETTERS = {"v": "view", "a": "add", "c": "change", "d": "delete"}

# Every table that has a page in the admin stands here, with an empty entry where it is for owners alone.
RIGHTS: dict[str, dict[str, str]] = {
    # Today
    "core.alert": {SUPPORT: "v", CATALOGUE: "v", FINANCE: "vc"},
    "reconcile.finding": {FINANCE: "vc"},
    "reconcile.run": {FINANCE: "v"},
    # Orders
    "orders.order": {SUPPORT: "vc", FINANCE: "vc"},
    "orders.attempt": {SUPPORT: "v", FINANCE: "v"},
    "orders.orderevent": {SUPPORT: "v", FINANCE: "v"},
    "orders.delivereditem": {SUPPORT: "v"},
    "orders.goodsreveal": {SUPPORT: "v"},
    "orders.plan": {SUPPORT: "vc", FINANCE: "vc"},
    "orders.promotionuse": {CATALOGUE: "v", FINANCE: "v"},
    "desk.request": {SUPPORT: "vc", FINANCE: "v"},
    "desk.announcement": {SUPPORT: "v", CATALOGUE: "vacd"},
    "desk.question": {SUPPORT: "vac", CATALOGUE: "v"},
    # Numbers
    "sms.purchase": {SUPPORT: "vc", FINANCE: "vc"},
    "sms.number": {SUPPORT: "vc", FINANCE: "vc"},
    "sms.message": {SUPPORT: "v"},
    "sms.attempt": {SUPPORT: "v", FINANCE: "v"},
    "sms.purchaseevent": {SUPPORT: "v", FINANCE: "v"},
    "sms.successrate": {SUPPORT: "v", FINANCE: "v"},
    "sms.site": {CATALOGUE: "vc", SUPPORT: "v"},
    "sms.country": {CATALOGUE: "vc", SUPPORT: "v"},
    "sms.project": {CATALOGUE: "vc", SUPPORT: "v"},
    "sms.markuprule": {CATALOGUE: "vacd", FINANCE: "v"},
    # Catalogue
    "catalog.service": {CATALOGUE: "vc", SUPPORT: "v", FINANCE: "v"},
    "catalog.category": {CATALOGUE: "vac", SUPPORT: "v"},
    "catalog.subcategory": {CATALOGUE: "vc", SUPPORT: "v"},
    "catalog.markuprule": {CATALOGUE: "vacd", FINANCE: "v"},
    "catalog.pricestep": {CATALOGUE: "vacd", FINANCE: "v"},
    "catalog.promotion": {CATALOGUE: "vac", FINANCE: "v"},
    "catalog.pricechange": {CATALOGUE: "v", FINANCE: "v"},
    "catalog.syncrun": {CATALOGUE: "va"},
    "catalog.stockwish": {CATALOGUE: "v"},
    "conduct.block": {CATALOGUE: "vacd", SUPPORT: "v"},
    "conduct.hit": {CATALOGUE: "v", SUPPORT: "v"},
    "core.exchangerate": {CATALOGUE: "v", FINANCE: "vacd"},
    # Books
    "wallet.account": {SUPPORT: "v", FINANCE: "vc"},
    "books.day": {FINANCE: "v"},
    "wallet.transfer": {FINANCE: "v"},
    "wallet.hold": {FINANCE: "v"},
    "upstream.balancereading": {FINANCE: "v"},
    # Money in
    "funds.topup": {FINANCE: "vc"},
    "funds.method": {FINANCE: "v"},
    "funds.bonus": {FINANCE: "vacd"},
    "funds.debt": {FINANCE: "vc"},
    "funds.batch": {FINANCE: "vac"},
    "funds.voucher": {FINANCE: "v"},
    # People
    "accounts.user": {SUPPORT: "v", FINANCE: "vc"},
    "accounts.suspension": {SUPPORT: "vac", FINANCE: "vac"},
    "accounts.staffnote": {SUPPORT: "va", FINANCE: "va"},
    "accounts.customergroup": {CATALOGUE: "vac", SUPPORT: "v", FINANCE: "v"},
    "accounts.invitation": {SUPPORT: "vac"},
    "accounts.terms": {},
    "account.emailaddress": {SUPPORT: "v"},
    "mfa.authenticator": {SUPPORT: "v"},
    "api.key": {SUPPORT: "vc"},
    "api.webhook": {SUPPORT: "vc"},
    "api.delivery": {SUPPORT: "vc"},
    "api.servicecode": {CATALOGUE: "vacd"},
    "api.countrycode": {CATALOGUE: "vacd"},
    "notices.notice": {SUPPORT: "v"},
    "notices.mailing": {},
    "privacy.deletion": {SUPPORT: "v", FINANCE: "v"},
    # Staff
    "auth.group": {},
    "core.staffact": {},
}
# What moves money, or decides about it, is not for everybody who may look after orders, numbers or requests.
DECIDE = "wallet.change_account"
# What is more than a row of a table.
SIGN_IN_AS = "accounts.sign_in_as"
MORE: dict[str, frozenset[str]] = {SIGN_IN_AS: frozenset({SUPPORT})}


@cache
def rights_of(role: str) -> frozenset[str]:
    """The rights of a role by Django's names for them (`orders.view_order`); an owner's are not listed."""
    found = {right for right, roles in MORE.items() if role in roles}
    for table, letters in RIGHTS.items():
        app, name = table.split(".")
        found |= {f"{app}.{_LETTERS[letter]}_{name}" for letter in letters.get(role, "")}
    return frozenset(found)


def roles_of(person: User) -> frozenset[str]:
    """The roles of a member of staff; none of anybody else. Asked once a request."""
    if not (person.is_active and person.is_staff):
        return frozenset()
    kept: frozenset[str] | None = person.__dict__.get("_roles")
    if kept is None:
        kept = frozenset(person.groups.filter(name__in=ROLES).values_list("name", flat=True))
        person.__dict__["_roles"] = kept
    return kept


def is_owner(person: User | AnonymousUser) -> bool:
    """Whether the person may do everything, and say who else may do what."""
    if not isinstance(person, User) or not person.is_active:
        return False
    return person.is_superuser or OWNER in roles_of(person)


def reach(person: User | AnonymousUser, user: str = "") -> Q:
    """Whose accounts `person` may change, as a condition: `may_touch` in a query.

    `user` is the way from the rows that are asked for to the account, such as `user__`.
    """
    if person.is_superuser:
        return Q()
    customers = Q(**{f"{user}is_superuser": False})
    return customers if is_owner(person) else customers & Q(**{f"{user}is_staff": False})


def may_touch(person: User | AnonymousUser, other: User | None) -> bool:
    """Whether `person` may change the account of `other`.

    Superusers may change all, owners all but superusers, other staff only customers.
    """
    if other is None or person.is_superuser:
        return True
    return not other.is_superuser and (not other.is_staff or is_owner(person))
