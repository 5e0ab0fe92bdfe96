from django.apps import AppConfig


class PurchasesConfig(AppConfig):
    name = "fenqi.purchases"
    label = "purchases"
