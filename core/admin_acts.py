"""Acts of operators: a page with a form that says what happens to the money, a yes, an entry in the history.

GET only shows; POST acts. An act that has figures shows them first and wants a second yes. What the act refuses
stands beside the form, with everything that was typed still in it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from core.admin_base import ShopAdmin

Row = TypeVar("Row", bound=models.Model)
Figures = list[tuple[str, str]]


@dataclass(frozen=True)
class Done:
    """What came of an act: a sentence for the operator, and whether it did anything the history should keep."""

    said: str
    level: int = messages.SUCCESS
    happened: bool = True


class ReasonForm(forms.Form):
    """Why the operator does it."""

    reason = forms.CharField(
        label="Reason",
        max_length=1000,
        help_text="For the record: operators read it, customers don't.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        error_messages={"required": "Say why: the next operator will ask."},
    )


class Act(ABC, Generic[Row]):
    """One thing an operator can do to a row."""

    path: ClassVar[str]
    title: ClassVar[str]
    button: ClassVar[str]
    # What the button says where figures are shown before the second yes.
    first_button: ClassVar[str] = ""
    icon: ClassVar[str]
    permission: ClassVar[str]
    form: ClassVar[type[forms.Form]] = ReasonForm
    variant: ClassVar[ActionVariant] = ActionVariant.DEFAULT
    # Whether the act and its entry in the history are one transaction; not so where it talks to the vendor.
    atomic: ClassVar[bool] = True
    # What the act raises when it says no, and the field that a refusal stands beside.
    refusals: ClassVar[tuple[type[Exception], ...]] = ()
    blamed: ClassVar[str | None] = None

    def __init__(self, row: Row, operator: Any) -> None:
        self.row = row
        self.operator = operator

    @abstractmethod
    def fits(self) -> bool:
        """Whether the row is in a state for it."""

    @abstractmethod
    def says(self) -> list[str]:
        """What happens, and what happens to the money."""

    @abstractmethod
    def run(self, given: dict[str, Any], now: datetime) -> Done:
        """Do it. Raises one of `refusals`."""

    def facts(self) -> Figures:
        """What the operator should see of the row before deciding."""
        return []

    def initial(self) -> dict[str, Any]:
        """What the form holds at first."""
        return {}

    def figures(self, given: dict[str, Any]) -> Figures | None:
        """What will move, to be confirmed; None for an act that needs no second yes. Raises one of `refusals`."""
        return None


class ActsAdmin(ShopAdmin):
    """A page of a row with buttons for the acts that fit its state."""

    acts: ClassVar[Sequence[type[Act[Any]]]] = ()

    def get_urls(self) -> list[URLPattern]:
        mine = [
            path(
                f"<path:object_id>/{act.path}/",
                self.admin_site.admin_view(partial(self.act_view, act_class=act)),
                name=self._act_name(act),
            )
            for act in self.acts
        ]
        return [*mine, *super().get_urls()]

    def _act_name(self, act: type[Act[Any]]) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{act.path.replace('-', '_')}"

    def act_url(self, act: type[Act[Any]], row: Any) -> str:
        """The page of the act for this row."""
        return reverse(f"admin:{self._act_name(act)}", args=[quote(row.pk)])

    def buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """The acts that fit the row, as its page draws them above the form."""
        return [
            button(act.title, self.act_url(act, row), icon=act.icon, variant=act.variant)
            for act in self.acts
            if request.user.has_perm(act.permission) and act(row, request.user).fits()
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        if row is not None and not context.get("is_popup"):
            context["acts"] = self.buttons(request, row)
        return super().render_change_form(request, context, *args, **kwargs)

    def act_view(self, request: HttpRequest, object_id: str, *, act_class: type[Act[Any]]) -> HttpResponse:
        """The page of an act on the row `object_id`."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self.act_page(request, act_class, row)

    def act_page(self, request: HttpRequest, act_class: type[Act[Any]], row: Any) -> HttpResponse:
        """Show the act's form, ask for the second yes, or do it."""
        if not (self.has_view_permission(request, row) and request.user.has_perm(act_class.permission)):
            raise PermissionDenied
        act = act_class(row, request.user)
        if request.method != "POST":
            if not act.fits():
                messages.warning(request, f"“{act.title}” does not fit {row} as it is now.")
                return HttpResponseRedirect(self.page_of(row))
            return show_act(self, request, act=act, form=act.form(initial=act.initial()))
        form = act.form(request.POST)
        figures = None
        if form.is_valid() and "change" not in request.POST:
            try:
                if "confirmed" not in request.POST:
                    figures = act.figures(form.cleaned_data)
                if figures is None:
                    return self._carry_out(request, act, form)
            except act.refusals as error:
                self._refuse(act, form, error)
        return show_act(self, request, act=act, form=form, figures=figures)

    def page_of(self, row: Any) -> str:
        """The page of a row; the list while it has none."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return reverse(f"{name}_change", args=[quote(row.pk)]) if row.pk else reverse(f"{name}_changelist")

    def _carry_out(self, request: HttpRequest, act: Act[Any], form: forms.Form) -> HttpResponse:
        if act.atomic:
            with transaction.atomic():
                done = self._recorded(request, act, form)
        else:
            done = self._recorded(request, act, form)
        messages.add_message(request, done.level, done.said)
        return HttpResponseRedirect(self.page_of(act.row))

    def _recorded(self, request: HttpRequest, act: Act[Any], form: forms.Form) -> Done:
        done = act.run(form.cleaned_data, timezone.now())
        if done.happened:
            reason = form.cleaned_data.get("reason") or ""
            self.log_act(request, act.row, f"{act.title}. {done.said}", reason=reason)
        return done

    def _refuse(self, act: Act[Any], form: forms.Form, error: Exception) -> None:
        if act.row.pk:
            act.row.refresh_from_db()
        # Where the row itself is no longer fit for it, no field is to blame.
        form.add_error(act.blamed if act.fits() else None, capfirst(str(error)))


def button(
    title: str, link: str, *, icon: str | None = None, variant: ActionVariant = ActionVariant.DEFAULT
) -> dict[str, Any]:
    """A button above a row's form, as unfold's templates read it."""
    return {"title": title, "path": link, "icon": icon, "variant": variant, "attrs": {}, "dialog": None}


def show_act(
    admin: ShopAdmin, request: HttpRequest, *, act: Act[Any], form: forms.Form, figures: Figures | None = None
) -> HttpResponse:
    """The page of an act: facts, what it does, and its form, or the figures to confirm."""
    return show_page(
        admin,
        request,
        title=act.title,
        original=act.row,
        facts=act.facts(),
        says=act.says(),
        form=form,
        figures=figures,
        button=act.button if figures else act.first_button or act.button,
        danger=act.variant == ActionVariant.DANGER,
        back=getattr(admin, "page_of", lambda _row: "..")(act.row),
    )


def show_page(admin: ShopAdmin, request: HttpRequest, *, title: str, **context: Any) -> HttpResponse:
    """A page of the admin that asks for a yes. `says` are sentences, `facts` and `figures` pairs of texts."""
    return TemplateResponse(
        request,
        "admin/act.html",
        {
            **admin.admin_site.each_context(request),
            "opts": admin.opts,
            "title": title,
            "media": admin.media,
            **context,
        },
    )
