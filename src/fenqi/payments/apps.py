from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "fenqi.payments"
    label = "payments"
