"""What Django tells of an error, where an operator adds its handler that sends e-mails: `Filter` and `Reporter`.

Where it happened and which kinds of things were in hand there, never what stood in them. What was delivered, a code, a
customer's key or a link of an e-mail can't be known by its looks, so texts are left out altogether, and the error's own
words with them.
"""

from collections.abc import ItemsView
from datetime import date
from decimal import Decimal
from types import FrameType
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from core.masking import hide


def told(value: Any) -> str:
    """A variable for a report: numbers, times and the names of rows as they are, all else by its kind."""
    if value is None or isinstance(value, (bool, int, float, Decimal, date)):
        return repr(value)
    if isinstance(value, Model):
        return f"<{type(value).__name__} {value.pk if isinstance(value.pk, int) else ''}>"
    kind = type(value).__name__
    try:
        return f"<{kind} of {len(value)}>"
    except TypeError:
        return f"<{kind}>"


class Filter(SafeExceptionReporterFilter):
    """Frames without texts."""

    def get_traceback_frame_variables(self, request: Any, tb_frame: FrameType) -> ItemsView[str, Any]:
        if settings.DEBUG:
            return super().get_traceback_frame_variables(request, tb_frame)
        return {name: told(value) for name, value in tb_frame.f_locals.items()}.items()


class Reporter(ExceptionReporter):
    """What Django reports of an error while DEBUG is off: where, in which view, and what was in hand."""

    def get_traceback_text(self) -> SafeString:
        return super().get_traceback_text() if settings.DEBUG else format_html("{}", self._lines())

    def get_traceback_html(self) -> SafeString:
        return super().get_traceback_html() if settings.DEBUG else format_html("<pre>{}</pre>", self._lines())

    def _lines(self) -> str:
        found = getattr(self.request, "resolver_match", None)
        lines = [self.exc_type.__name__ if self.exc_type else "Report"]
        if self.request is not None and found is not None:
            # Not the address: a link of an e-mail may stand in it, and a key in its query.
            lines.append(f"{self.request.method} /{found.route}")
        for frame in self.get_traceback_frames():
            lines.append(f"{frame.get('filename')}, line {frame.get('lineno')}, in {frame.get('function')}")
            lines += [f"    {name} = {value}" for name, value in frame.get("vars", ())]
        return hide("\n".join(lines))
