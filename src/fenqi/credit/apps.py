from django.apps import AppConfig


class CreditConfig(AppConfig):
    name = "fenqi.credit"
    label = "credit"
