from django.apps import AppConfig


class ServicingConfig(AppConfig):
    name = "fenqi.servicing"
    label = "servicing"
