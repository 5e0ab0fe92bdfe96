"""Addresses of help and conversations."""

from django.urls import path

from fenqi.web import care_views

urlpatterns = [
    path("help/", care_views.help_home, name="help"),
    path("help/chat/", care_views.chat, name="help-chat"),
    path("help/chat/messages/", care_views.chat_messages, name="help-chat-messages"),
    path("help/<slug:slug>/", care_views.article, name="help-article"),
]
