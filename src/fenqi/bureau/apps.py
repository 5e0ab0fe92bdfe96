from django.apps import AppConfig


class BureauConfig(AppConfig):
    name = "fenqi.bureau"
