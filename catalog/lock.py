"""One at a time: whoever sets prices or marks services as not sold waits for whoever does."""

from catalog.models import MarkupRule


def shelf() -> None:
    """Hold the shelf until the transaction ends. There is always a rule: its rows are the lock.

    Without it a sync that read the rules before they were changed would write the old prices after the new ones.
    """
    list(MarkupRule.objects.select_for_update().order_by("pk").values_list("pk"))
