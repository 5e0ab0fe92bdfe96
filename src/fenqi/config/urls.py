"""Doors (design: addresses). Each floor above the contexts brings its own list."""

from django.urls import include, path

from fenqi.plumbing import pages
from fenqi.web import metrics
from fenqi.web.people_views import language

urlpatterns = [
    path(
        "api/v1/", include("fenqi.api.urls")
    ),  # before the pages: none of their addresses need be tried first
    path("", include("fenqi.web.urls")),
    path("ops/", include("fenqi.ops.urls")),
    path("healthz", pages.healthz),
    path("readyz", pages.readyz),
    path("metrics", metrics.metrics),
    path("i18n/setlang/", language.choose, name="set_language"),
]

handler400 = pages.bad_request
handler403 = pages.forbidden
handler404 = pages.not_found
handler500 = pages.server_error
