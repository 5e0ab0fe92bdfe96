from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "fenqi.web"
    label = "web"
