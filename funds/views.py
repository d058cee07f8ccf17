"""Adding funds, as the customer does it. Each view calls one act."""

from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers
from payments import RedirectNeeded

from accounts import second_factor
from accounts.models import User
from accounts.signed_in import signed_in
from core import record
from core.models import StaffAct
from core.money import CURRENCY, show
from core.once import once_key
from funds import begin, debts, methods, prove, providers, vouchers
from funds.forms import AddForm, ProofForm, VoucherForm
from funds.hear import hear
from funds.models import Batch, Method, Proof, TopUp
from funds.offer import terms
from funds.shown import look
from funds.words import Away, Standing, Word
from wallet import ledger
from wallet.models import Transfer

PAGE = 30


# ── Begin ──────────────────────────────────────────────────────────────────────────────────────────
@signed_in
@never_cache
def add(request: HttpRequest) -> HttpResponse:
    """Amount and way to pay; sending it begins a top-up and leads to the provider's page."""
    offered = methods.offered()
    if request.method != "POST":
        form = AddForm.fresh(offered, request.GET.get("amount", "")) if offered else None
        return _add_page(request, offered, form)
    if not offered:
        return _add_page(request, offered, None, status=422)
    form = AddForm(request.POST, methods=offered)
    if not form.is_valid():
        return _add_page(request, offered, form, status=422)
    if "reckon" in request.POST:  # without scripts: only work it out
        return _add_page(request, offered, form)
    amount, method_id = form.cleaned_data["amount"], form.cleaned_data["method"]
    customer = _customer(request)
    try:
        begun = begin.begin(
            customer=customer,
            method_id=method_id,
            amount=amount,
            form_key=once_key(form.cleaned_data["form_key"], customer.pk, amount, method_id),
            now=timezone.now(),
        )
    except begin.CantBegin as error:
        for field, sentence in error.errors.items():
            form.add_error(field or None, sentence)
        return _add_page(request, offered, form, status=422)
    return _to_its_page(request, begun)


@signed_in
@require_POST
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """Go to the provider's page of an open top-up, again or at last."""
    own = _own(request, token)
    if own.state != TopUp.State.OPEN:
        return redirect("funds:top_up", own.token)
    return _to_its_page(request, own)


def _to_its_page(request: HttpRequest, top_up: TopUp) -> HttpResponse:
    """To the provider, if there is one and it answers; otherwise to our own page of it."""
    if top_up.state == TopUp.State.OPEN:
        try:
            page = begin.page_of(top_up)
        except Away as error:
            messages.error(request, str(error))
        else:
            if page:
                return HttpResponseRedirect(page)
    return redirect("funds:top_up", top_up.token)


def _add_page(
    request: HttpRequest,
    offered: list[Method],
    form: AddForm | None,
    *,
    code: VoucherForm | None = None,
    status: int = 200,
) -> HttpResponse:
    steps = methods.steps() if offered else []
    amount = form.typed_amount() if form else None
    chosen = str(form["method"].value()) if form else ""
    rows = [
        {
            "method": method,
            "chosen": str(method.pk) == chosen,
            "terms": terms(amount, method, steps) if amount is not None else None,
        }
        for method in offered
    ]
    customer = _customer(request)
    return render(
        request,
        "funds/add.html",
        {
            "form": form,
            "code": code or (VoucherForm() if Batch.objects.exists() else None),
            "rows": rows,
            "agreed": next((row["terms"] for row in rows if row["chosen"]), None),
            "steps": steps,
            "balance": ledger.account_of(customer).available,
            "owed": debts.owed(customer),
            "presets": _presets(offered, steps) if offered else [],
        },
        status=status,
    )


def _presets(offered: list[Method], steps: list[Any]) -> list[Any]:
    """Round amounts that every way to pay takes, bonus steps among them."""
    least, most = max(one.minimum for one in offered), min(one.maximum for one in offered)
    wanted = sorted({10, 25, 50, 100, 250, 500} | {step.from_amount for step in steps})
    return [amount for amount in wanted if least <= amount <= most][-6:]


# ── Vouchers ───────────────────────────────────────────────────────────────────────────────────────
@signed_in
@never_cache
@require_POST
def voucher(request: HttpRequest) -> HttpResponse:
    """Redeem a code."""
    form = VoucherForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            redeemed = vouchers.redeem(customer=_customer(request), code=form.cleaned_data["code"], now=timezone.now())
        except vouchers.CantRedeem as error:
            form.add_error("code", str(error))
            status = 429 if isinstance(error, vouchers.TooManyTries) else 422
        else:
            said = _("%(amount)s of the voucher were added to your balance.")
            messages.success(request, said % {"amount": show(redeemed.batch.amount)})
            return redirect("wallet:statement")
    offered = methods.offered()
    return _add_page(request, offered, AddForm.fresh(offered) if offered else None, code=form, status=status)


# ── A top-up ───────────────────────────────────────────────────────────────────────────────────────
@signed_in
@never_cache
@vary_on_headers("HX-Request")
def top_up(request: HttpRequest, token: str) -> HttpResponse:
    """One top-up. A page that may still move asks again with the `since` it has, and gets 204 while nothing is new."""
    own = _own(request, token)
    row = look(own)
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # by its middleware
    if htmx and request.GET.get("since") == row.version:
        return HttpResponse(status=204)
    return _top_up_page(request, own, ProofForm(initial={"reference": own.reference}))


def _top_up_page(request: HttpRequest, own: TopUp, form: ProofForm, *, status: int = 200) -> HttpResponse:
    return render(
        request,
        "funds/top_up.html",
        {
            "top_up": own,
            "row": look(own),
            "form": form,
            "proofs": own.proofs.defer("content") if own.is_transfer else [],
            "debts": own.debts.all(),
        },
        status=status,
    )


@signed_in
@never_cache
@require_POST
def hand_in(request: HttpRequest, token: str) -> HttpResponse:
    """Say that a transfer is made, with a reference and a proof."""
    own = _own(request, token)
    if not own.is_transfer:
        raise Http404
    form = ProofForm(request.POST, request.FILES)
    if not form.is_valid():
        return _top_up_page(request, own, form, status=422)
    file: UploadedFile | None = form.cleaned_data["proof"]
    try:
        prove.prove(
            token=own.token,
            customer=_customer(request),
            reference=form.cleaned_data["reference"],
            name=(file.name or "") if file else "",
            # One byte more than is taken tells that it is too large, without reading all of it.
            content=file.read(prove.LARGEST + 1) if file else None,
            now=timezone.now(),
        )
    except prove.CantProve as error:
        for field, sentence in error.errors.items():
            form.add_error(field or None, sentence)
        return _top_up_page(request, own, form, status=422)
    messages.success(request, _("Thank you. We look for your transfer and add the money as soon as it is there."))
    return redirect("funds:top_up", own.token)


@signed_in
@require_POST
def pay_by_dummy(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever tries the shop says whether they paid; only where the dummy provider is set up."""
    own = _own(request, token)
    if own.variant != Method.Provider.DUMMY or not providers.is_set_up(own.variant):
        raise Http404
    said = "confirmed" if request.POST.get("paid") == "1" else "rejected"
    given = {"status": said, "fraud_status": "unknown", "gateway_response": "3ds-disabled", "verification_result": ""}
    if own.state == TopUp.State.OPEN:
        try:
            own.get_form(given)
        except RedirectNeeded:
            paid = own.status == "confirmed"
            hear(
                Word(
                    variant=own.variant,
                    token=own.token,
                    transaction_id=own.token,
                    standing=Standing.PAID if paid else Standing.FAILED,
                    received=own.total if paid else None,
                    currency="USD",
                ),
                now=timezone.now(),
            )
    return redirect("funds:top_up", own.token)


@signed_in
@never_cache
def top_ups(request: HttpRequest) -> HttpResponse:
    """The customer's top-ups, newest first; `before` walks back from a number."""
    rows = TopUp.objects.filter(customer=_customer(request)).select_related("method").order_by("-pk")
    before = request.GET.get("before", "")
    paged = before.isascii() and before.isdigit() and len(before) < 19
    if paged:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    return render(
        request,
        "funds/list.html",
        {
            "rows": [look(row) for row in found[:PAGE]],
            "next_before": found[PAGE - 1].pk if len(found) > PAGE else None,
            "paged": paged,
        },
    )


# ── Papers ─────────────────────────────────────────────────────────────────────────────────────────
@signed_in
@never_cache
def proof(request: HttpRequest, proof_id: int) -> HttpResponse:
    """A proof, for its owner and for operators who may see top-ups. Never run, whatever is in it."""
    user = _customer(request)
    kept = get_object_or_404(Proof.objects.select_related("top_up"), pk=proof_id)
    if kept.top_up.customer_id != user.pk:
        if not (user.is_staff and user.has_perm("funds.view_topup") and second_factor.is_enough(user)):
            raise Http404
        record.note(kind=StaffAct.Kind.ACT, said=f"Looked at proof {kept.pk}.", row=kept.top_up, request=request)
    response = HttpResponse(bytes(kept.content), content_type=kept.type)
    kind = kept.type.partition("/")[2]
    shown = "attachment" if kept.type == Proof.Type.PDF else "inline"
    response["Content-Disposition"] = f'{shown}; filename="proof-{kept.pk}.{kind}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@signed_in
@never_cache
def receipt(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """A deposit on paper."""
    deposits = Transfer.objects.filter(kind=Transfer.Kind.DEPOSIT, customer__owner=_customer(request))
    deposit = get_object_or_404(deposits.select_related("top_up__method", "voucher"), pk=transfer_id)
    paid: TopUp | None = getattr(deposit, "top_up", None)
    return render(
        request,
        "funds/receipt.html",
        {
            "currency": CURRENCY,
            "deposit": deposit,
            "top_up": paid,
            "fee": paid.received - deposit.amount if paid and paid.received else None,
            "taken": paid.debts.exclude(state="RETURNED").aggregate(sum=Sum("taken"))["sum"] if paid else None,
            "voucher": getattr(deposit, "voucher", None),
        },
    )


def _own(request: HttpRequest, token: Any) -> TopUp:
    """A top-up of the customer's own: another's does not exist for them."""
    own = TopUp.objects.filter(customer=_customer(request)).select_related("method", "deposit", "customer")
    return get_object_or_404(own, token=str(token))


def _customer(request: HttpRequest) -> User:
    user: Any = request.user  # a User: every view here asks for a log-in first
    return user
