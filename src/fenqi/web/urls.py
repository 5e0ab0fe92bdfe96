"""The shopper's pages, one list an area."""

from django.urls import include, path

urlpatterns = [
    path("", include("fenqi.web.mall_urls")),
    path("", include("fenqi.web.people_urls")),
    path("", include("fenqi.web.checkout_urls")),
    path("", include("fenqi.web.orders_urls")),
    path("", include("fenqi.web.finance_urls")),
    path("", include("fenqi.web.care_urls")),
    path("", include("fenqi.web.sandbox_urls")),
]
