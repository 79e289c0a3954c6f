"""Amounts: read and written exactly, and refused where they are none."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc import money

CODES = st.sampled_from(sorted(money.PLACES))


@given(CODES, st.integers(0, money.LARGEST * 10**4))
def test_what_is_written_reads_back(currency: str, ticks: int) -> None:
    assert money.read(money.write(ticks, currency), currency) == ticks
    scale = 10 ** (money.PLACES[currency] + money.FINER)
    assert Decimal(money.write(ticks, currency)) * scale == ticks


@given(st.integers(1, 10**12), st.integers(1, 50))
def test_parts_are_never_short_and_a_payout_never_too_much(ticks: int, parts: int) -> None:
    assert 0 <= money.part(ticks, parts) * parts - ticks < parts
    assert 0 <= ticks - money.payable(ticks) < 10**money.FINER


@pytest.mark.parametrize(
    "value",
    ["", " 1", "1 ", "-1", "+1", "1e3", "NaN", "inf", "1,5", ".5", "1.", "٣", "1_000", 1, 1.0, True, None,
     "9" * 30, "10000000000.01", "0.0000001"],
)  # fmt: skip
def test_what_is_no_amount(value: object) -> None:
    with pytest.raises(money.BadAmount):
        money.read(value, "USD")


@pytest.mark.parametrize("currency", ["usd", "XXX", "", None, 1, "EURO"])
def test_what_is_no_currency(currency: object) -> None:
    with pytest.raises(money.UnknownCurrency):
        money.read("1", currency)


def test_the_largest_sums_fit_a_bigint() -> None:
    assert all(20 * money.read(str(money.LARGEST), code) < 2**63 for code in money.PLACES)
