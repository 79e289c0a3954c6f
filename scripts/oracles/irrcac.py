#!/usr/bin/env python3
"""Computes tests/quality/agreement/irrcac.json: what irrCAC says of a few small tables, with its variances.

irrCAC needs numpy below 2 and so cannot be a dependency of the tests. In an environment of its own:

    python3 -m venv /tmp/irrcac && /tmp/irrcac/bin/pip install irrCAC==0.4.4
    /tmp/irrcac/bin/python scripts/oracles/irrcac.py > tests/quality/agreement/irrcac.json
"""

import json
import math

import pandas as pd
from irrCAC.raw import CAC

WEIGHTS = ("identity", "linear", "quadratic", "ordinal", "radical", "ratio", "circular", "bipolar")
COEFFICIENTS = ("gwet", "fleiss", "krippendorff", "conger", "bp")
#: Rows are items, columns workers, "." is no answer; the classes are the digits of `categories`.
TABLES = {
    "krippendorff": (
        "12345",
        "11.1 2232 3333 3333 2222 1234 4444 1121 2222 .555 ..11 ..3.",
    ),
    "two workers": ("123", "11 11 12 22 22 23 33 33 31 11 22 21"),
    "a class that nobody used": ("1234", "112 222 221 441 111 122 444 241 111 222"),
    "many single answers": ("123", "1... .2.. ..3. 11.. .22. ..13 3..3 1.1. 22.. ...2 33.. 2..3 .11."),
    "one class is common": ("12", "111 111 111 112 111 111 211 111 111 222 111 111 11. 1.1"),
    "five workers": (
        "12345",
        "12.34 55554 1111. 2.232 33334 4.4.5 12123 54545 ..321 22222 3.3.. 45444 1112. 55.5.",
    ),
}


def figures(categories: str, rows: str) -> dict[str, dict[str, list[float]]]:
    table = pd.DataFrame([[math.nan if x == "." else float(x) for x in row] for row in rows.split()])
    classes = [float(x) for x in categories]
    found = {}
    for weights in WEIGHTS:
        one = found[weights] = {}
        for name in COEFFICIENTS:
            cac = CAC(table, weights=weights, categories=classes, digits=15)
            est = getattr(cac, name)()["est"]
            one[name] = [float(x) for x in (est["coefficient_value"], est["se"], *est["confidence_interval"])]
    return found


if __name__ == "__main__":
    tables = [
        json.dumps({"name": name, "categories": categories, "rows": rows, "figures": figures(categories, rows)})
        for name, (categories, rows) in TABLES.items()
    ]
    head = '{"irrCAC": "0.4.4", "columns": ["value", "error", "low", "high"], "tables": ['
    print(head, ",\n".join(tables), "]}", sep="\n")
