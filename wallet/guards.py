"""Transfers are append-only: the triggers of their table. `manage.py audit_books` reports when they are not there."""

from core.append_only import AppendOnly

TABLE = "wallet_transfer"
TRANSFERS = AppendOnly(
    table=TABLE,
    name="transfer",
    saying="transfers are append-only",
    clash=("id = NEW.id OR key = NEW.key OR (NEW.kind = 'CAPTURE' AND kind = 'CAPTURE' AND hold_id = NEW.hold_id)"),
)
NAMES = TRANSFERS.names
install, uninstall, present = TRANSFERS.install, TRANSFERS.uninstall, TRANSFERS.present
