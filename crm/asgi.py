import os

from django.core.asgi import get_asgi_application

from crm.database import timeouts

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

timeouts.serve_web()
application = get_asgi_application()

from crm.checks import refuse_unsafe  # noqa: E402 -- needs the applications to be loaded

refuse_unsafe()
