"""Who a session belongs to, and what they may do in the admin."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.utils import timezone

from accounts import roles, suspensions
from accounts.models import User
from core.prepared import ID, MOMENT, Prepared, given

# Asked for with every page.
_BY_ID = Prepared(
    lambda: User.objects.filter(pk=given("pk", ID)).annotate(
        shut=suspensions.shuts(suspensions.LOG_IN, customer="pk", now=given("now", MOMENT))
    )
)


class Backend(AuthenticationBackend):
    """allauth's own, with the roles of staff, and closed to whoever may not log in."""

    def get_user(self, user_id: Any) -> User | None:
        """The person of a session, in one query; none while they may not log in."""
        person: Any = _BY_ID.first(pk=user_id, now=timezone.now())
        if person is None or not self.user_can_authenticate(person):
            return None
        # Staff are never suspended; somebody who became staff since is not locked out by what was before.
        return None if person.shut and not person.is_staff else person

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        found: set[str] = super().get_group_permissions(user_obj, obj)
        if obj is not None or not isinstance(user_obj, User):
            return found
        return found.union(*(roles.rights_of(role) for role in roles.roles_of(user_obj)))

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return roles.is_owner(user_obj) or bool(super().has_perm(user_obj, perm, obj))

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return roles.is_owner(user_obj) or bool(super().has_module_perms(user_obj, app_label))
