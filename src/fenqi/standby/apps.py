from django.apps import AppConfig


class StandbyConfig(AppConfig):
    name = "fenqi.standby"
