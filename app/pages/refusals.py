"""What was refused or went wrong, as a page: the same words as the problem document, and a way back."""

from __future__ import annotations

import json

from flask import Response, g, render_template, request

from app import problems
from app.pages import frame

#: Addresses whose callers are programs.
PROGRAMS = "/api/"


def as_page(response: Response) -> Response:
    """Turn a problem document into a page, where a person in a browser asked."""
    if response.mimetype != problems.MEDIA_TYPE or request.path.startswith(PROGRAMS):
        return response
    told = json.loads(response.get_data())
    if response.status_code == 404 and "actor" not in g:
        told |= {
            "title": "There is no such page.",
            "detail": "There is no such page.",
            "mend": "Check the address.",
        }
    back = frame.came_from() if request.method == "POST" else None
    response.set_data(render_template("problem.html", told=told, back=back))
    response.mimetype = "text/html"
    response.headers.pop("WWW-Authenticate", None)
    return response
