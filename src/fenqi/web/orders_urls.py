"""Addresses of orders; repaying from an order is finance's (finance_urls)."""

from django.urls import path

from fenqi.web import orders_views

urlpatterns = [
    path("orders/", orders_views.orders, name="orders"),
    path("orders/<str:number>/", orders_views.order, name="order"),
    path("orders/<str:number>/continue/", orders_views.go_on, name="order-continue"),
    path("orders/<str:number>/received/", orders_views.received, name="order-received"),
    path("orders/<str:number>/cancel/", orders_views.cancel, name="order-cancel"),
    path("orders/<str:number>/return/", orders_views.give_back, name="order-return"),
    path("orders/<str:number>/return/withdraw/", orders_views.withdraw_return, name="order-return-withdraw"),
]
