"""The outside world on our own address (only with the sandbox), and where the channel calls back."""

from django.conf import settings
from django.urls import path, re_path

from fenqi.web import channel_notices, sandbox_proxy

urlpatterns = [path("notices/channel/", channel_notices.take, name="channel-notices")]
if settings.FENQI_SANDBOX:
    urlpatterns.append(re_path(r"^sandbox/(?P<rest>.*)$", sandbox_proxy.forward, name="sandbox"))
