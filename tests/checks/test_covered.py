"""Coverage by room: what counts to which."""

from checks import covered


def summary(branches, done, lines=10):
    counted = {"num_branches": branches, "covered_branches": done, "num_statements": lines, "covered_lines": lines}
    return {"summary": counted}


def test_each_room_has_its_own_figures_and_the_sandbox_stands_apart():
    found = covered.count(
        {
            "wallet/ledger.py": summary(10, 9),
            "wallet/audit.py": summary(10, 8),
            "upstream/client.py": summary(4, 4),
            "upstream/sandbox/vendor.py": summary(100, 1),
            "orders_of_others/place.py": summary(100, 0),
        }
    )

    assert found["wallet"].share == 85
    assert found["upstream"] == (4, 4, 10, 10)
    assert found["upstream/sandbox"].share == 1
    assert found["orders"].share == 100
    assert found["orders"].lines == 0
