from django.apps import AppConfig


class MallConfig(AppConfig):
    name = "fenqi.mall"
    label = "mall"
