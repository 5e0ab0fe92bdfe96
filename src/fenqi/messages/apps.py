from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "fenqi.messages"
    label = "messages"
