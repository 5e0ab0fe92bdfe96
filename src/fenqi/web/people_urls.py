"""Addresses about the person: sign-in, the steps of an application, the contact's page, the account."""

from django.urls import path

from fenqi.web.people_views import checkout, contact, me, privacy, sign_in

urlpatterns = [
    path("sign-in/", sign_in.phone, name="sign-in"),
    path("sign-in/code/", sign_in.code, name="sign-in-code"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("checkout/identity/", checkout.identity, name="identity"),
    path("checkout/identity/retry/", checkout.identity_retry, name="identity-retry"),
    path("checkout/contact/", checkout.contact, name="contact"),
    path("checkout/contact/resend/", checkout.contact_resend, name="contact-resend"),
    path("checkout/card/", checkout.card, name="card"),
    path("checkout/card/code/", checkout.card_code, name="card-code"),
    path("contact/<str:token>/", contact.answer, name="contact-answer"),
    path("texts/<slug:code>/", me.text, name="consent-text"),
    path("me/", me.home, name="me"),
    path("me/confirm/", me.confirm, name="confirm"),
    path("me/cards/", me.cards, name="cards"),
    path("me/cards/add/", checkout.card, name="card-add"),
    path("me/cards/add/code/", checkout.card_code, name="card-add-code"),
    path("me/cards/<uuid:card_id>/unbind/", me.card_unbind, name="card-unbind"),
    path("me/devices/", me.devices, name="devices"),
    path("me/devices/end/", me.device_end, name="device-end"),
    path("me/privacy/", privacy.page, name="privacy"),
    path("me/privacy/agree/", privacy.agree, name="consent-agree"),
    path("me/privacy/withdraw/", privacy.withdraw, name="consent-withdraw"),
    path("me/privacy/export/", privacy.export, name="privacy-export"),
    path("me/privacy/correct/", privacy.correct, name="privacy-correct"),
    path("me/privacy/close/", privacy.close, name="account-close"),
    path("me/email/", me.email, name="email"),
    path("me/phone/", me.phone, name="phone"),
    path("me/phone/code/", me.phone_code, name="phone-code"),
]
