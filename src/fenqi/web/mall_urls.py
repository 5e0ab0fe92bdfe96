"""Addresses of the mall."""

from django.urls import path

from fenqi.web import mall_views, mall_views_address

urlpatterns = [
    path("", mall_views.home, name="home"),
    path("categories/", mall_views.categories, name="categories"),
    path("c/<slug:category>/", mall_views.shelf, name="category"),
    path("search", mall_views.shelf, name="search"),
    path("p/<slug:slug>/", mall_views.product, name="product"),
    path("p/<slug:slug>/buy/", mall_views.buy, name="buy"),
    path("cart/", mall_views.cart, name="cart"),
    path("pictures/<str:name>.svg", mall_views.picture, name="picture"),
    path("me/addresses/", mall_views_address.addresses, name="addresses"),
    path("me/addresses/new/", mall_views_address.new, name="address-new"),
    path("me/addresses/<uuid:address_id>/", mall_views_address.edit, name="address"),
    path("me/addresses/<uuid:address_id>/delete/", mall_views_address.delete, name="address-delete"),
]
