"""Addresses of the checkout: goods, plan board, decision, agreement, payment."""

from django.urls import path

from fenqi.web import checkout_views, checkout_views_apply, checkout_views_decision, checkout_views_pay

urlpatterns = [
    path("checkout/", checkout_views.checkout, name="checkout"),
    path("checkout/plans/", checkout_views.plans, name="checkout-plans"),
    path("checkout/why/", checkout_views.why, name="checkout-why"),
    path("checkout/next/", checkout_views_apply.go_on, name="checkout-next"),
    path("checkout/decision/", checkout_views_decision.decision, name="checkout-decision"),
    path("checkout/decision/review/", checkout_views_decision.ask_review, name="checkout-review"),
    path("checkout/means/", checkout_views_decision.means, name="checkout-means"),
    path("checkout/agreement/", checkout_views_apply.agreement, name="checkout-agreement"),
    path("checkout/agreement/renew/", checkout_views_apply.renew, name="checkout-renew"),
    path("agreements/<uuid:agreement_id>.pdf", checkout_views_apply.document, name="agreement-pdf"),
    path("checkout/confirm/", checkout_views_pay.confirm, name="checkout-confirm"),
    path("checkout/pay/", checkout_views_pay.pay, name="checkout-pay"),
    path("checkout/waiting/", checkout_views_pay.waiting, name="checkout-waiting"),
    path("checkout/result/", checkout_views_pay.result, name="checkout-result"),
]
