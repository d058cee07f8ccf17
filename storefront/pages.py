"""The shop's own pages that a search finds by what they are about."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.search import MOST_WORDS, fold


@dataclass(frozen=True)
class Page:
    """A page of the shop: its title, the words that lead to it as well, and where it is."""

    title: str | Promise
    words: str | Promise
    view: str
    private: bool = True
    """Whether it is one of a customer's own, for those who are signed in."""

    @property
    def url(self) -> str:
        return reverse(self.view)


PAGES = [
    Page(_("Catalogue"), _("services products prices buy"), "catalog:list", private=False),
    Page(_("Numbers for SMS codes"), _("phone verification receive code country"), "sms:sites", private=False),
    Page(_("Your numbers and codes"), _("sms board waiting"), "sms:board"),
    Page(_("Numbers you had"), _("sms history phone"), "sms:history"),
    Page(_("Orders"), _("history status progress"), "orders:list"),
    Page(_("Drip-feed and planned orders"), _("runs interval schedule later plan"), "orders:plans"),
    Page(_("Help"), _("support request question refill cancel replacement warranty problem"), "desk:help"),
    Page(_("What changed"), _("prices news new withdrawn announcements"), "catalog:changes", private=False),
    Page(_("Wallet"), _("balance money add funds top up pay statement"), "wallet:statement"),
    Page(_("API"), _("documentation developers panel integration"), "api:docs", private=False),
    Page(_("API keys"), _("developers token access"), "api:keys"),
    Page(_("Webhooks"), _("developers notifications api"), "api:webhooks"),
    Page(_("Profile"), _("settings name language time zone account"), "accounts:profile"),
    Page(_("Notices"), _("settings e-mail mails unsubscribe"), "notices:switches"),
    Page(_("E-mail"), _("settings address change confirm"), "account_email"),
    Page(_("Password"), _("settings change security"), "account_change_password"),
]


def find(request: HttpRequest, words: str, *, most: int) -> list[Page]:
    """Pages that the reader may open and in which every word occurs."""
    wanted = fold(words).split()[:MOST_WORDS]
    signed_in = request.user.is_authenticated
    found = [
        page
        for page in PAGES
        if (signed_in or not page.private) and all(word in fold(f"{page.title} {page.words}") for word in wanted)
    ]
    return found[:most] if wanted else []
