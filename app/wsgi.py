"""`app` for any WSGI server: `gunicorn app.wsgi:app`; jobs then run in `crowdqc jobs`."""

from app.factory import create_app

app = create_app()
