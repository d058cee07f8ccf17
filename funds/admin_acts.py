"""What an operator can do about money in: credit or refuse a top-up, ask its provider; debts; batches of vouchers."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from unfold.enums import ActionVariant

from core.admin_acts import Act, Done
from core.admin_base import NOTHING, moment
from core.money import ZERO, show
from funds import check, debts, decide, vouchers
from funds.admin_forms import NothingForm, ReceivedForm, RefuseForm
from funds.models import Batch, Debt, TopUp, Voucher
from wallet import ledger


# ── Top-ups ────────────────────────────────────────────────────────────────────────────────────────
class TopUpAct(Act[TopUp]):
    """An act on a top-up that is not credited."""

    permission = "funds.change_topup"
    refusals = (decide.CantDecide, ledger.LedgerError, ValueError)

    def fits(self) -> bool:
        return self.row.state != TopUp.State.PAID

    def facts(self) -> list[tuple[str, str]]:
        row = self.row
        return [
            ("Top-up", f"{row.pk}, {row.get_state_display().lower()}"),
            ("Customer", str(row.customer)),
            ("Way to pay", f"{row.method} ({row.method.get_provider_display()})"),
            ("Provider's number", row.transaction_id or NOTHING),
            ("Reference", row.reference or NOTHING),
            ("Begun", moment(row.created_at)),
            ("Amount", show(row.amount)),
            ("Fee", show(row.fee)),
            ("To be paid", show(row.total)),
            ("Bonus promised", show(row.bonus)),
            ("Note", row.note or NOTHING),
        ]


class Approve(TopUpAct):
    """Any state but PAID → PAID."""

    path = "credit"
    title = "Credit it"
    button = "Credit the customer"
    first_button = "Continue"
    icon = "check_circle"
    form = ReceivedForm
    variant = ActionVariant.SUCCESS
    blamed = "received"

    def says(self) -> list[str]:
        return [
            "See with your bank or the provider that the money is there. The customer is credited at once with the "
            "share of the amount that came; the bonus is added when all of it did. It can't be undone, only adjusted.",
            "A notice of the provider that comes later credits nothing more.",
        ]

    def initial(self) -> dict[str, Any]:
        return {"received": self.row.total}

    def figures(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        amount, bonus = decide.would_credit(self.row, given["received"])
        owed = debts.owed(self.row.customer)
        return [
            ("Received", show(given["received"])),
            ("Asked", show(self.row.total)),
            ("Credit", show(amount)),
            ("Bonus", show(bonus)),
            *([("Goes to open debts first", show(min(owed, amount)))] if owed else []),
            ("Reason", given["reason"]),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        row = decide.approve(top_up_id=self.row.pk, received=given["received"], operator=self.operator, now=now)
        self.row = row
        return Done(f"{show(row.brought)} were credited to {row.customer}: {show(given['received'])} had come.")


class Refuse(TopUpAct):
    """Any state but PAID → REFUSED."""

    path = "refuse"
    title = "Refuse it"
    button = "Refuse it"
    icon = "block"
    variant = ActionVariant.DANGER

    form = RefuseForm

    def fits(self) -> bool:
        return self.row.state not in (TopUp.State.PAID, TopUp.State.REFUSED)

    def says(self) -> list[str]:
        return ["Nothing is credited, and the customer reads your reason. Money that did come has to be paid back."]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        decide.refuse(top_up_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"{self.row} is refused. No money moved.")


class AskNow(TopUpAct):
    """Ask the provider outside its turn."""

    path = "ask"
    title = "Ask the provider now"
    button = "Ask now"
    icon = "sync"
    form = NothingForm
    # The answer may take as long as the provider likes: no transaction stays open for it.
    atomic = False

    def fits(self) -> bool:
        return super().fits() and bool(self.row.transaction_id) and not self.row.is_transfer

    def says(self) -> list[str]:
        return ["The provider is asked how the payment stands, and believed: if it is paid, it is credited at once."]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        answered = check.check(self.row, now=now)
        self.row.refresh_from_db()
        if not answered:
            return Done("The provider did not answer.", level=messages.WARNING, happened=False)
        return Done(f"{self.row} is {self.row.get_state_display().lower()}, by the provider's word.")


# ── Debts ──────────────────────────────────────────────────────────────────────────────────────────
class DebtAct(Act[Debt]):
    """An act on an open debt."""

    permission = "funds.change_debt"
    refusals = (debts.CantCollect, ledger.LedgerError)

    def fits(self) -> bool:
        return self.row.state == Debt.State.OPEN

    def facts(self) -> list[tuple[str, str]]:
        account = ledger.account_of(self.row.customer)
        return [
            ("Customer", str(self.row.customer)),
            ("Why", f"{self.row.get_kind_display()} ({self.row.key})"),
            ("Owed for it", show(self.row.amount)),
            ("Collected", show(self.row.paid)),
            ("Left", show(self.row.left)),
            ("Available in the balance", show(account.available)),
        ]


class Collect(DebtAct):
    """Take what is available by now."""

    path = "collect"
    title = "Collect what is available"
    button = "Collect it"
    icon = "download"
    form = NothingForm

    def says(self) -> list[str]:
        return ["What is available of the balance is taken, up to what is left. What is on hold for orders stays."]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        taken = debts.collect(debt_id=self.row.pk, now=now)
        self.row.refresh_from_db()
        return Done(f"{show(taken)} were collected; {show(self.row.left)} are left.")


class Forgive(DebtAct):
    """OPEN → FORGIVEN."""

    path = "forgive"
    title = "Forgive what is left"
    button = "Forgive it"
    icon = "volunteer_activism"
    variant = ActionVariant.DANGER

    def says(self) -> list[str]:
        return [
            f"The {show(self.row.left)} that are left are your loss. What was collected stays collected.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        left = self.row.left
        debts.forgive(debt_id=self.row.pk, operator=self.operator, reason=given["reason"], now=now)
        return Done(f"{show(left)} are forgiven. No money moved.")


# ── Vouchers ───────────────────────────────────────────────────────────────────────────────────────
class VoidRest(Act[Batch]):
    """Whatever was not redeemed becomes void."""

    path = "void"
    title = "Void what is left"
    button = "Void them"
    icon = "block"
    permission = "funds.change_batch"
    variant = ActionVariant.DANGER

    def _left(self) -> int:
        return self.row.vouchers.filter(state=Voucher.State.READY).count()

    def fits(self) -> bool:
        return self._left() > 0

    def facts(self) -> list[tuple[str, str]]:
        left = self._left()
        return [
            ("Batch", str(self.row)),
            ("Not redeemed", f"{left:,}"),
            ("Worth", show(left * self.row.amount if left else ZERO)),
        ]

    def says(self) -> list[str]:
        return ["Their codes bring nothing any more. What was redeemed stays with its customers. No money moves."]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        voided = vouchers.void(batch_id=self.row.pk)
        return Done(f"{voided:,} vouchers are void. No money moved.")
