"""Amounts of money: whole numbers of ticks, read from decimals and written as decimals, never floats.

A tick is a ten-thousandth of a currency's smallest unit (of a cent, say), so that a price may be finer than any
coin. Nothing is rounded but in two places: a part of a price is rounded up to a tick, and what is paid out is
rounded down to the smallest unit; the rest stays owed.
"""

from __future__ import annotations

import re
from decimal import Decimal

from crowdqc.errors import Invalid

#: Decimal places below the smallest unit of a currency.
FINER = 4
#: The largest amount, in the currency itself. Its ticks, and sums of some dozens of them, fit a bigint.
LARGEST = 10**10

#: ISO 4217: the currencies that people are paid in, by the decimal places of their smallest unit.
_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY "
        "COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
        "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR "
        "MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG "
        "SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST "
        "XCD YER ZAR ZMW ZWG "
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
}
PLACES = {code: places for places, codes in _PLACES.items() for code in codes.split()}

_AMOUNT = re.compile(r"\d{1,20}(\.\d{1,20})?", re.ASCII)


class UnknownCurrency(Invalid):
    """There is no such currency."""

    usual_mend = "Give the three letters of a currency in ISO 4217, as EUR or USD."


class BadAmount(Invalid):
    """This is not an amount of money."""


def places(currency: object) -> int:
    """Give the decimal places of a currency's smallest unit; raise UnknownCurrency.

    >>> places("USD"), places("JPY"), places("KWD")
    (2, 0, 3)
    """
    if not isinstance(currency, str) or currency not in PLACES:
        raise UnknownCurrency(f"{str(currency)[:40]!r} is no currency of ISO 4217 that people are paid in.")
    return PLACES[currency]


def read(value: object, currency: object) -> int:
    """Read a decimal as ticks, exactly; raise BadAmount, UnknownCurrency. A float is refused, even a whole one.

    >>> read("0.05", "USD"), read("0.0025", "USD"), read("120", "JPY")
    (50000, 2500, 1200000)
    """
    finest = places(currency) + FINER
    if isinstance(value, Decimal):
        value = format(value, "f")
    if not isinstance(value, str):
        kind = type(value).__name__
        raise BadAmount(f"An amount is a decimal in a text, not a {kind}.", mend='Write it in quotes: "0.05".')
    if not _AMOUNT.fullmatch(value):
        raise BadAmount(
            f"{value[:40]!r} is not an amount.",
            mend="Write digits, with a point before the decimals, without a sign, spaces or the currency.",
        )
    whole, _, part = value.partition(".")
    part = part.rstrip("0")
    if len(part) > finest:
        raise BadAmount(
            f"{value[:40]} is finer than {currency} is reckoned here.",
            mend=f"Give {finest} decimal places at most.",
        )
    if int(whole) > LARGEST or (int(whole) == LARGEST and part):
        raise BadAmount(f"{value[:40]} is more than {LARGEST}.", mend="Give an amount that can be meant.")
    scale: int = 10**finest
    return int(whole) * scale + int(part.ljust(finest, "0") or "0")


def write(ticks: int, currency: str) -> str:
    """Write ticks as a decimal, exactly: with the places of the smallest unit, and more where they say something.

    >>> write(50000, "USD"), write(2500, "USD"), write(1200000, "JPY"), write(-15000, "USD")
    ('0.05', '0.0025', '120', '-0.015')
    """
    least = places(currency)
    whole, part = divmod(abs(ticks), 10 ** (least + FINER))
    digits = str(part).rjust(least + FINER, "0")
    digits = digits[:least] + digits[least:].rstrip("0")
    return ("-" if ticks < 0 else "") + str(whole) + (f".{digits}" if digits else "")


def part(ticks: int, parts: int) -> int:
    """Give one of equal parts of an amount, rounded up to a tick: all together are never less than the whole.

    >>> part(100, 3), part(90, 3)
    (34, 30)
    """
    return -(-ticks // parts)


def payable(ticks: int) -> int:
    """Give as much of an amount as can be paid in the smallest unit of its currency: rounded down.

    >>> payable(10_002), payable(9_999)
    (10000, 0)
    """
    unit: int = 10**FINER
    return ticks - ticks % unit
