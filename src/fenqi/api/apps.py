from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "fenqi.api"
    label = "api"
