"""Cookies and headers of production: bound to the host, over HTTPS alone, and no demo's way in."""

import json
import os
import subprocess
import sys

import pytest
from django.test import Client

ASKED = [
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_SECURE",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_PATH",
    "CSRF_COOKIE_NAME",
    "CSRF_COOKIE_SECURE",
    "CSRF_COOKIE_DOMAIN",
    "CSRF_COOKIE_PATH",
    "LANGUAGE_COOKIE_NAME",
    "LANGUAGE_COOKIE_SECURE",
    "SECURE_HSTS_SECONDS",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "DEMO",
    "PASSKEY_DOMAIN",
    "PASSKEY_ORIGINS",
]


def production(asked=ASKED, **environment):
    """The settings a production process reads."""
    secrets = {f"FENQI_SECRET_{name}": "x" * 43 for name in ("SESSION", "PEERS", "INDEX", "AUDIT")}
    secrets["FENQI_SECRET_SEALING"] = "k1:" + "A" * 43 + "="
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FENQI_")}
    code = (
        "import json, django; from django.conf import settings; django.setup();"
        f"print(json.dumps({{n: getattr(settings, n) for n in {asked!r}}} | {{'proxy': getattr(settings, 'SECURE_PROXY_SSL_HEADER', None)}}))"
    )
    public = {
        "FENQI_PUBLIC_URL": "https://shop.example",
        "FENQI_HOSTS": "shop.example",
        "FENQI_HOME": "/nowhere",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | secrets | public | {"DJANGO_SETTINGS_MODULE": "fenqi.config.settings"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_cookies_are_bound_to_the_host():
    found = production()
    for name in ("SESSION", "CSRF", "LANGUAGE"):
        assert found[f"{name}_COOKIE_NAME"].startswith("__Host-")
        assert found[f"{name}_COOKIE_SECURE"]
    # What the prefix demands of a cookie: no domain, the whole site.
    for name in ("SESSION", "CSRF"):
        assert found[f"{name}_COOKIE_DOMAIN"] is None
        assert found[f"{name}_COOKIE_PATH"] == "/"


def test_https_is_insisted_on_and_no_forwarded_header_believed_unasked():
    found = production()
    assert found["SECURE_HSTS_SECONDS"] == 31_536_000
    assert found["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is False
    assert found["proxy"] is None
    asked = production(FENQI_HSTS_SECONDS="60", FENQI_HSTS_SUBDOMAINS="1", FENQI_BEHIND_PROXY="1")
    assert (asked["SECURE_HSTS_SECONDS"], asked["SECURE_HSTS_INCLUDE_SUBDOMAINS"]) == (60, True)
    assert asked["proxy"] == ["HTTP_X_FORWARDED_PROTO", "https"]


@pytest.mark.parametrize(
    ("public", "domain", "origin"),
    [
        ("https://shop.example", "shop.example", "https://shop.example"),
        ("https://shop.example:8443/", "shop.example", "https://shop.example:8443"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("https://203.0.113.7", "", "https://"),
    ],
)
def test_passkeys_are_bound_to_the_public_domain(public, domain, origin):
    found = production(FENQI_PUBLIC_URL=public)
    assert (found["PASSKEY_DOMAIN"], found["PASSKEY_ORIGINS"]) == (domain, [origin])


def test_the_demos_staff_cannot_be_added_in_production(db, settings):
    from fenqi.people import seed
    from fenqi.people.models import StaffMember

    settings.DEMO = False
    seed.load()
    with pytest.raises(RuntimeError):
        seed.load_demo_staff()
    assert not StaffMember.objects.exists()


def test_the_header_goes_out_over_https(db, settings):
    settings.SECURE_HSTS_SECONDS = 60
    assert Client().get("/sign-in/", secure=True)["Strict-Transport-Security"] == "max-age=60"
    assert "Strict-Transport-Security" not in Client().get("/sign-in/")
