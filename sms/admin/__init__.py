"""Numbers in the admin: what is sold where, what is added to its cost, and every purchase with what came of it.

Nothing is deleted, since purchases name it; what should not be sold is hidden.
"""

from sms.admin.numbers import NumberAdmin
from sms.admin.purchases import AttemptAdmin, PurchaseAdmin, PurchaseEventAdmin
from sms.admin.rules import MarkupRuleAdmin
from sms.admin.shelf import CountryAdmin, ProjectAdmin, SiteAdmin
from sms.admin.success import SuccessRateAdmin

__all__ = [
    "AttemptAdmin",
    "CountryAdmin",
    "MarkupRuleAdmin",
    "NumberAdmin",
    "ProjectAdmin",
    "PurchaseAdmin",
    "PurchaseEventAdmin",
    "SiteAdmin",
    "SuccessRateAdmin",
]
