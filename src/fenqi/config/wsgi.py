"""What granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fenqi.config.settings")
application = get_wsgi_application()

# What is loaded now stays for good: the collector need not walk through it again in the middle of a request.
gc.collect()
gc.freeze()
