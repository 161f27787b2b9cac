"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from smsconsent.health import require_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smsconsent.settings")
application = get_wsgi_application()
require_start()
