"""
Settings come from the environment; every variable is listed in docs/reference/settings.md.

The demo, the story and the tests set FENQI_MODE=demo or test; anything else is production, where secrets must be given.
"""

from __future__ import annotations

import os

from fenqi.config import keys, passkeys, zone
from fenqi.config.embedded import home, parse_database_url

MODE = os.environ.get("FENQI_MODE", "production")
DEMO = MODE in {"demo", "test"}
HOME = home()

SECRETS = keys.load(HOME, make=DEMO or MODE == "development")
SEALING_KEYS = keys.SealingKeys(
    HOME, SECRETS["sealing"]
)  # called for the list of master keys: it may change while we run
SEALING_CIPHER = os.environ.get("FENQI_SEALING_CIPHER", "aes")  # of the next data key: aes | sm4
SECRET_KEY = SECRETS["session"]
DEBUG = False
ALLOWED_HOSTS = os.environ.get("FENQI_HOSTS", "localhost,127.0.0.1,[::1],testserver" if DEMO else "").split(
    ","
)
PUBLIC_URL = os.environ.get("FENQI_PUBLIC_URL", "http://localhost:8000")
# A passkey is bound to this domain and answers on these origins alone.
PASSKEY_DOMAIN = os.environ.get("FENQI_PASSKEY_DOMAIN", passkeys.domain_of(PUBLIC_URL))
PASSKEY_ORIGINS = os.environ.get("FENQI_PASSKEY_ORIGINS", passkeys.origin_of(PUBLIC_URL)).split(",")

INSTALLED_APPS = [
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "procrastinate.contrib.django",
    "django_htmx",
    "fenqi.plumbing",
    "fenqi.people",
    "fenqi.partners",
    "fenqi.ledger",
    "fenqi.mall",
    "fenqi.credit",
    "fenqi.payments",
    "fenqi.messages",
    "fenqi.servicing",
    "fenqi.purchases",
    "fenqi.standby",
    "fenqi.care",
    "fenqi.bureau",
    "fenqi.privacy",
    "fenqi.web",
    "fenqi.api",
    "fenqi.ops",
    "fenqi.jobs",
]

MIDDLEWARE = [
    "fenqi.plumbing.client_address.ClientAddress",
    "django.middleware.gzip.GZipMiddleware",  # with random padding, so that lengths give nothing away
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "fenqi.plumbing.middleware.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "fenqi.plumbing.sessions.SessionLifetimes",
    "fenqi.plumbing.refusals_log.RefusalsLogged",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "fenqi.plumbing.middleware.OneDateAPage",
    "fenqi.plumbing.middleware.RefusalsAsPages",
]

ROOT_URLCONF = "fenqi.config.urls"
WSGI_APPLICATION = "fenqi.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "fenqi.plumbing.pages.context",
                "fenqi.web.shell.context",
            ],
            "builtins": ["fenqi.plumbing.templatetags.fenqi"],
        },
    }
]

# The application works as a role that may not change or delete what only grows (plumbing.db); migrations run as the owner.
DATABASE_ROLE = os.environ.get("FENQI_DATABASE_ROLE", "fenqi_app")
DATABASES = {"default": parse_database_url(os.environ.get("DATABASE_URL", "postgresql:///fenqi"))}
if DATABASE_ROLE and not os.environ.get("FENQI_AS_OWNER"):
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"]["OPTIONS"],
        "options": f"-c role={DATABASE_ROLE}",
    }
DATABASES["default"]["CONN_MAX_AGE"] = 600
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = zone.NAME

STATIC_URL = "/static/"
STATIC_ROOT = None  # served straight from the packages (whitenoise finders): nothing to collect
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

SESSION_ENGINE = "django.contrib.sessions.backends.db"
# Plain HTTP is for a demo on this machine; elsewhere cookies are secure, and their names bind them to this very host.
SECURE = not DEMO
_BOUND = "__Host-" if SECURE else ""
SESSION_COOKIE_NAME = f"{_BOUND}fenqi_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_NAME = f"{_BOUND}csrftoken"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_NAME = f"{_BOUND}fenqi_language"
LANGUAGE_COOKIE_SECURE = SECURE
LANGUAGE_COOKIE_SAMESITE = "Lax"
# A proxy in front ends TLS and says so in X-Forwarded-Proto, which it must overwrite; without one nobody is believed.
# How many proxies of ours stand one behind the other, and from which networks they call us (plumbing.client_address).
PROXY_HOPS = 0
PROXY_ADDRESSES = os.environ.get(
    "FENQI_PROXY_ADDRESSES", "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"
).split(",")
if os.environ.get("FENQI_BEHIND_PROXY") == "1":
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    PROXY_HOPS = int(os.environ.get("FENQI_PROXY_HOPS", "1"))
SECURE_HSTS_SECONDS = int(os.environ.get("FENQI_HSTS_SECONDS", "31536000" if SECURE else "0"))
SECURE_HSTS_INCLUDE_SUBDOMAINS = os.environ.get("FENQI_HSTS_SUBDOMAINS") == "1"
CSRF_FAILURE_VIEW = "fenqi.plumbing.pages.session_lost"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Photos of an identity card are the largest thing a browser may send (two of 10 MB).
DATA_UPLOAD_MAX_MEMORY_SIZE = 22 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 22 * 1024 * 1024  # never a clear photo in a temporary file

PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]

# Outside parties: every one a real HTTP peer (ADR 5).
SANDBOX_URL = os.environ.get("FENQI_SANDBOX_URL", "http://127.0.0.1:8001" if DEMO else "")
FENQI_SANDBOX = bool(SANDBOX_URL)
FENQI_PEERS = {
    name: os.environ.get(f"FENQI_{name.upper()}_URL", f"{SANDBOX_URL}/{name}" if SANDBOX_URL else "")
    for name in ("lender", "channel", "sms", "email", "push", "identity", "bureau", "score")
}
PEER_SECRET = SECRETS["peers"]
METRICS_TOKEN = os.environ.get("FENQI_METRICS_TOKEN", "")
PEER_TIMEOUT_SECONDS = float(os.environ.get("FENQI_PEER_TIMEOUT", "5"))
FENQI_PORTS = {
    "lender": "fenqi.adapters.lender.Lender",
    "channel": "fenqi.adapters.channel.Channel",
    "sms": "fenqi.adapters.carriers.Sms",
    "email": "fenqi.adapters.carriers.Email",
    "push": "fenqi.adapters.carriers.Push",
    "identity": "fenqi.adapters.identity.Identity",
    "bureau": "fenqi.adapters.bureau.Bureau",
    "score": "fenqi.adapters.score.Score",
    "hooks": "fenqi.adapters.hooks.Hooks",
    "texts": "fenqi.messages.texts.Texts",
    "sessions": "fenqi.people.sessions.Sessions",
}

# What needs a second pair of eyes (plumbing.four_eyes): kinds of the contexts that do it.
FENQI_FOUR_EYES: tuple[str, ...] = (
    "fenqi.purchases.proposals.RETURN",
    "fenqi.purchases.overrides.OVERRIDE",
    "fenqi.purchases.overrides.LIST_ENTRY",
    "fenqi.servicing.proposals.CHARGE_OFF",
    "fenqi.servicing.proposals.WRITE_OFF",
    "fenqi.servicing.proposals.WAIVER",
    "fenqi.servicing.proposals.GOODWILL",
    "fenqi.servicing.proposals.OVERPAID",
    "fenqi.servicing.proposals_unplaced.PLACE",
    "fenqi.servicing.proposals_unplaced.TAKE_BACK",
    "fenqi.payments.proposals.RETURN",
    "fenqi.bureau.proposals.CORRECTION",
    "fenqi.people.proposals.IDENTITY_MOVE",
    "fenqi.people.proposals.STANDING",
    "fenqi.people.proposals_staff.STAFF_ROLES",
    "fenqi.people.proposals_staff.SECOND_FACTOR_RESET",
    "fenqi.people.proposals_phone.PHONE_MOVE",
)

# Who hears what (plumbing.outbox): topic -> functions taking the payload; each may run twice.
OUTBOX_HANDLERS: dict[str, list[str]] = {
    "payments.payment.succeeded": [
        "fenqi.servicing.handlers.payment_succeeded",
        "fenqi.purchases.handlers.payment_succeeded",
        "fenqi.care.handlers.payment_succeeded",
    ],
    "payments.debit.succeeded": ["fenqi.servicing.handlers.debit_succeeded"],
    "payments.debit.failed": ["fenqi.servicing.handlers.debit_failed"],
    "payments.payout.succeeded": ["fenqi.standby.handlers.payout_succeeded"],
    "payments.payout.failed": [
        "fenqi.standby.handlers.payout_failed",
        "fenqi.servicing.handlers.payout_failed",
    ],
    "payments.refund.succeeded": ["fenqi.purchases.handlers.refund_succeeded"],
    "people.identity.decided": ["fenqi.purchases.handlers.identity_decided"],
    "people.identity.review_wanted": ["fenqi.ops.auto_review.identity_review_wanted"],
    "servicing.loan.settled": ["fenqi.ops.retention.loan_settled", "fenqi.api.hooks.loan_settled"],
    "people.contact.answered": ["fenqi.ops.auto_review.contact_answered"],
    "people.contact.reviewed": ["fenqi.purchases.handlers.contact_reviewed"],
    "credit.application.started": ["fenqi.purchases.handlers.application_started"],
    "credit.application.reviewed": ["fenqi.purchases.handlers.application_reviewed"],
    "credit.application.decided": ["fenqi.purchases.handlers.application_decided"],
    "credit.review.requested": ["fenqi.purchases.handlers.review_requested"],
    "credit.review.answered": ["fenqi.purchases.handlers.review_answered"],
    "credit.agreement.signed": ["fenqi.purchases.handlers.agreement_signed"],
    "purchases.purchase.completed": [
        "fenqi.purchases.handlers.purchase_completed",
        "fenqi.api.hooks.purchase_completed",
    ],
    "mall.order.cancelled": ["fenqi.purchases.handlers.order_cancelled"],
    "mall.return.requested": [
        "fenqi.purchases.handlers.return_requested",
        "fenqi.ops.auto_review.return_requested",
    ],
    "mall.return.approved": ["fenqi.purchases.handlers.return_approved"],
    "mall.return.refused": ["fenqi.purchases.handlers.return_ended"],
    "mall.return.withdrawn": ["fenqi.purchases.handlers.return_ended"],
    "care.entry.moved": ["fenqi.care.handlers.entry_moved"],
}

# Steps other contexts add to the day-end, after servicing's own (servicing.dayend).
DAYEND_STEPS: list[str] = [
    "fenqi.purchases.dayend.ask_lenders",
    "fenqi.purchases.dayend.forget_means",
    "fenqi.bureau.dayend.credit_rows",
    "fenqi.ops.retention.forget_contacts",
    "fenqi.ops.retention.forget_unused",
    "fenqi.privacy.services.forget_what_is_over",
]

# What `fenqi verify` asks of the other contexts, after servicing's own checks: functions that yield a sentence a difference.
VERIFY_CHECKS: list[str] = [
    "fenqi.payments.checks.differences",
    "fenqi.credit.checks.differences",
    "fenqi.mall.checks.differences",
    "fenqi.purchases.checks.differences",
    "fenqi.standby.checks.differences",
    "fenqi.bureau.checks.differences",
]

# The console's time bar hands the day-end to the worker: (start(to=date) -> run id, progress(run id)).
DAYEND_IN_BACKGROUND = ("fenqi.jobs.services.start_dayend", "fenqi.jobs.queries.progress")

# A demo, a test and a training live on the business date; production lives on the wall clock.
CLOCK_FOLLOWS_BUSINESS_DATE = DEMO
AUTO_REVIEW = os.environ.get("FENQI_AUTO_REVIEW", "1" if MODE == "demo" else "") == "1"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("FENQI_LOG_LEVEL", "WARNING")},
    # Refusals are answers, not incidents; and the address of a contact's or a pay link is a key that no log keeps.
    "filters": {"without_keys": {"()": "fenqi.plumbing.logs.WithoutKeys"}},
    "loggers": {
        "django.request": {"level": "ERROR", "filters": ["without_keys"]},
        "django.security.csrf": {"filters": ["without_keys"]},
        "django.security": {"filters": ["without_keys"]},
    },
}
