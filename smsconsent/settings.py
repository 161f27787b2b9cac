"""All settings, read from the environment. The table below is the reference of what may be set.

A bare type means required: a missing secret stops the start. The embedded installation fills them in
from its own folder (`smsconsent.embedded`). Every variable stands in `.env.example` with a comment.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv(
    EMBEDDED=(bool, False),
    DEBUG=(bool, False),
    VAR=(str, "var"),
    JOURNAL_FILE=(str, ""),
    PORT=(int, 8000),
    SIMULATOR_PORT=(int, 8026),
    SECRET_KEY=str,
    FERNET_KEYS=list,
    FERNET_HOLD_KEYS=(list, []),
    INDEX_KEYS=list,
    TOKEN_KEYS=list,
    LEDGER_SIGNING_KEY=(list, []),
    LEDGER_FORMER_KEYS=(list, []),
    LEDGER_ORIGIN=(str, ""),
    LEDGER_FILE=(str, ""),
    LEDGER_TSA_URL=(str, ""),
    LEDGER_TSA_CERTIFICATES=(str, ""),
    DATABASE_URL=str,
    DATABASE_POOL_SIZE=(int, 8),
    REDIS_URL=(str, ""),
    BROKER_URL=(str, ""),
    ALLOWED_HOSTS=(list, []),
    PUBLIC_URL=(str, "http://127.0.0.1:8000"),
    TRUSTED_PROXY_COUNT=(int, 0),
    EMAIL_URL=(str, "consolemail://"),
    DEFAULT_FROM_EMAIL=(str, "samtykke@localhost"),
    LOG_LEVEL=(str, "INFO"),
    GATEWAY=(str, "strex"),
    SMS_OPERATOR=(str, ""),
    HTTP_JSON_CONFIG=(str, ""),
    HTTP_JSON_KEY=(str, ""),
    HTTP_JSON_SIGNING_SECRET=(str, ""),
    SMS_PRICE_ORE=(int, 45),
    SMS_COUNTRIES=(list, ["47"]),
    QUIET_HOURS=(bool, True),
    STREX_BASE_URL=(str, "https://test.target365.io/"),
    STREX_API_KEY=(str, ""),
    STREX_API_KEY_EXPIRES_ON=(str, ""),
    STREX_API_KEY_NEXT=(str, ""),
    STREX_SIGNING_KEY_NAME=(str, ""),
    STREX_SIGNING_KEY=(str, ""),
    STREX_CALLBACK_BASE_URL=(str, ""),
    STREX_CALLBACK_SECRETS=(list, []),
    STREX_CALLBACK_SIGNATURE=(str, "stop-only"),
    STREX_CALLBACK_CLOCK_SKEW=(int, 300),
    STREX_CALLBACK_NETWORKS=(list, []),
    STREX_CALLBACK_BUDGET=(float, 2.0),
    STREX_TRUST_STOP_FLAG=(bool, True),
    STREX_SYNC_STOP=(bool, False),
    STREX_COMMAND_AUTHORIZATION=(str, "{key}"),
    STREX_SERVER_KEY_NAMES=(list, []),
    STREX_BATCH_SIZE=(int, 2500),
    STREX_MAX_BODY_BYTES=(int, 1_000_000),
    STREX_MESSAGES_PER_SECOND=(int, 50),
    STREX_ALLOW_FAKE_NUMBERS=(bool, False),
    STREX_ALLOW_TILDES=(bool, False),
    STREX_CANARY_SIZE=(int, 150),
    STREX_VISIBILITY_WAIT=(int, 60),
    STREX_RECOVERY_WINDOW_HOURS=(int, 24),
    STREX_RECEIPT_GRACE_HOURS=(int, 6),
    STREX_INBOUND_SILENCE_DAYS=(int, 7),
    OUTBOX_LEASE_SECONDS=(int, 70),
    OUTBOX_THREADS=(int, 2),
    SILENCE_MONTHS=(int, 18),
    CASE_NUMBERS_FOR_DAYS=(int, 90),
    CASES_FOR_DAYS=(int, 730),
    CONFIRMATION_LIFE_HOURS=(int, 24),
    HANDSET_CODE_LIFE_MINUTES=(int, 15),
    CONFIRMATIONS_PER_DAY=(int, 5000),
    CONFIRMATIONS_PER_FORM_AND_HOUR=(int, 500),
    CONFIRMATIONS_PER_NETWORK_AND_HOUR=(int, 20),
    CODES_PER_DAY=(int, 5000),
    CODES_PER_NETWORK_AND_HOUR=(int, 20),
    EVEN_ANSWER_MS=(int, 12),
    BACKUP_LIFE_DAYS=(int, 30),
    OVERWRITE_UP_TO_MB=(int, 128),
)

EMBEDDED: bool = env("EMBEDDED")
DEBUG: bool = env("DEBUG")
VAR = Path(env("VAR"))
# What a restored database is compared with (consents.journal). Not on the database's own disk.
JOURNAL_FILE = Path(env("JOURNAL_FILE") or VAR / "journal.jsonl")
PORT: int = env("PORT")
SIMULATOR_PORT: int = env("SIMULATOR_PORT")
PUBLIC_URL: str = env("PUBLIC_URL").rstrip("/")

# -- secrets ---------------------------------------------------------------------------------------
SECRET_KEY: str = env("SECRET_KEY")
FERNET_KEYS: list[str] = env("FERNET_KEYS")
FERNET_HOLD_KEYS: list[str] = env("FERNET_HOLD_KEYS")
INDEX_KEYS: list[str] = env("INDEX_KEYS")
TOKEN_KEYS: list[str] = env("TOKEN_KEYS")
LEDGER_SIGNING_KEY: list[str] = env("LEDGER_SIGNING_KEY")

# -- the application -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "smsconsent",
    "smsconsent.staff",
    "consents",
    "campaigns",
    "guardian",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "whitenoise.runserver_nostatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "smsconsent.callback_middleware.CallbackMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "smsconsent.languages.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "smsconsent.errors.NotAllowedMiddleware",
]
ROOT_URLCONF = "smsconsent.urls"
WSGI_APPLICATION = "smsconsent.wsgi.application"
FORM_RENDERER = "smsconsent.forms.FormRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "smsconsent.context.site",
            ]
        },
    }
]

# -- data ------------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # One writer at a time: each transaction takes the write lock at its start, so that what it reads
    # is still true when it writes. secure_delete overwrites what is erased.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;"
            "PRAGMA secure_delete=ON;PRAGMA recursive_triggers=ON;"
        ),
    }
else:
    DATABASES["default"]["OPTIONS"] = {
        "pool": {"min_size": 0, "max_size": env("DATABASE_POOL_SIZE"), "timeout": 10},
    }
REDIS_URL: str = env("REDIS_URL")
# In seconds. A cache that is silent must not keep a stop waiting: it only wakes and counts.
REDIS_TIMEOUTS = {"socket_connect_timeout": 1.0, "socket_timeout": 1.0}
REDIS_CACHE = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": REDIS_URL,
    "OPTIONS": REDIS_TIMEOUTS,
}
CACHES = {
    "default": REDIS_CACHE
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# -- people ----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
GUARDIAN_AUTO_PREFETCH = False
ANONYMOUS_USER_NAME = None
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "staff:home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "smsconsent.staff.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# Nobody signs up here, so there is nothing to write to an address without an account.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
MFA_ADAPTER = "smsconsent.staff.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "smsconsent"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = EMBEDDED

# -- the web ---------------------------------------------------------------------------------------
ALLOWED_HOSTS: list[str] = env("ALLOWED_HOSTS") or (
    ["127.0.0.1", "localhost", "[::1]"] if EMBEDDED else []
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL.startswith("https://") else []
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not EMBEDDED
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env("TRUSTED_PROXY_COUNT") else None
)
SECURE_HSTS_SECONDS = 0 if EMBEDDED else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not EMBEDDED
# PRIVACY: links hold tokens, and a page must not pass its own address on.
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
# SECURITY: a body above this is refused before it is parsed. CSV imports stream from disk.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
TRUSTED_PROXY_COUNT: int = env("TRUSTED_PROXY_COUNT")
STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = EMBEDDED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if EMBEDDED
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = VAR / "media"

# -- language and time -----------------------------------------------------------------------------
LANGUAGE_CODE = "nb"
LANGUAGES = [("nb", _("Norwegian bokmål")), ("nn", _("Norwegian nynorsk")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Oslo"
USE_TZ = True

# -- e-mail, logs ----------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL"))
DEFAULT_FROM_EMAIL: str = env("DEFAULT_FROM_EMAIL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"numbers": {"()": "smsconsent.logs.NumberFilter"}},
    "formatters": {"line": {"()": "smsconsent.logs.make_formatter", "colors": EMBEDDED}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["numbers"]}
    },
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL")},
    "loggers": {
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        # A page that is not there, or not for this colleague, is an answer and no trouble.
        "django.request": {"level": "ERROR"},
    },
}

# -- gateway ---------------------------------------------------------------------------------------
GATEWAY: str = env("GATEWAY")
# Who receives number and text of each message: named in notices, receipts and copies (GDPR Art. 13(1)(e)).
SMS_OPERATOR: str = env("SMS_OPERATOR") or ("Strex AS" if GATEWAY == "strex" else GATEWAY)
if SMS_OPERATOR == GATEWAY and not EMBEDDED:
    raise ImproperlyConfigured(
        "SMS_OPERATOR is not set. People are told which company gets their number; name it."
    )
HTTP_JSON_CONFIG: str = env("HTTP_JSON_CONFIG")
HTTP_JSON_KEY: str = env("HTTP_JSON_KEY")
HTTP_JSON_SIGNING_SECRET: str = env("HTTP_JSON_SIGNING_SECRET")
# What one part of an SMS costs, in øre, for the preview.
SMS_PRICE_ORE: int = env("SMS_PRICE_ORE")
# The countries that we send to, by calling code. Another one needs the gateway's yes first (strex.md § 7).
SMS_COUNTRIES: frozenset[int] = frozenset(int(code) for code in env("SMS_COUNTRIES"))
# law.md L28. Off in the embedded installation, so that it can be tried at any hour.
QUIET_HOURS: bool = env("QUIET_HOURS")
if not QUIET_HOURS and not EMBEDDED:
    raise ImproperlyConfigured(
        "QUIET_HOURS is false. Marketing waits outside the hours, on Sundays and on holidays; leave it out."
    )
STREX_BASE_URL: str = env("STREX_BASE_URL")
STREX_API_KEY: str = env("STREX_API_KEY")
STREX_API_KEY_NEXT: str = env("STREX_API_KEY_NEXT")
STREX_CALLBACK_BASE_URL: str = (env("STREX_CALLBACK_BASE_URL") or PUBLIC_URL).rstrip("/")
STREX_CALLBACK_SECRETS: list[str] = env("STREX_CALLBACK_SECRETS")
if not any(STREX_CALLBACK_SECRETS) and not EMBEDDED:
    raise ImproperlyConfigured(
        "STREX_CALLBACK_SECRETS is not set. Without it the gateway cannot reach us, and so no stop can."
    )
STREX_CALLBACK_SIGNATURE: str = env("STREX_CALLBACK_SIGNATURE")
STREX_CALLBACK_CLOCK_SKEW: int = env("STREX_CALLBACK_CLOCK_SKEW")
STREX_SERVER_KEY_NAMES: list[str] = env("STREX_SERVER_KEY_NAMES")
STREX_BATCH_SIZE: int = env("STREX_BATCH_SIZE")
STREX_MAX_BODY_BYTES: int = env("STREX_MAX_BODY_BYTES")
STREX_MESSAGES_PER_SECOND: int = env("STREX_MESSAGES_PER_SECOND")
STREX_ALLOW_FAKE_NUMBERS: bool = env("STREX_ALLOW_FAKE_NUMBERS")
STREX_CANARY_SIZE: int = env("STREX_CANARY_SIZE")
STREX_SIGNING_KEY_NAME: str = env("STREX_SIGNING_KEY_NAME")
STREX_SIGNING_KEY: str = env("STREX_SIGNING_KEY")
STREX_ALLOW_TILDES: bool = env("STREX_ALLOW_TILDES")
STREX_TRUST_STOP_FLAG: bool = env("STREX_TRUST_STOP_FLAG")
STREX_CALLBACK_NETWORKS: list[str] = env("STREX_CALLBACK_NETWORKS")
STREX_CALLBACK_BUDGET: float = env("STREX_CALLBACK_BUDGET")
STREX_RECEIPT_GRACE = timedelta(hours=env("STREX_RECEIPT_GRACE_HOURS"))
STREX_INBOUND_SILENCE = timedelta(days=env("STREX_INBOUND_SILENCE_DAYS"))
STREX_API_KEY_EXPIRES_ON: str = env("STREX_API_KEY_EXPIRES_ON")
STREX_SYNC_STOP: bool = env("STREX_SYNC_STOP")
STREX_COMMAND_AUTHORIZATION: str = env("STREX_COMMAND_AUTHORIZATION")
STREX_VISIBILITY_WAIT = timedelta(seconds=env("STREX_VISIBILITY_WAIT"))
STREX_RECOVERY_WINDOW = timedelta(hours=env("STREX_RECOVERY_WINDOW_HOURS"))

# How long a worker may hold a message before the sweeper asks the gateway about it. Longer than the
# gateway's deadline and its visibility wait together.
OUTBOX_LEASE = timedelta(seconds=env("OUTBOX_LEASE_SECONDS"))
OUTBOX_THREADS = max(1, env("OUTBOX_THREADS"))

# -- limits and life spans that belong to the installation; those of a purpose stand on the purpose --
CONFIRMATION_LIFE = timedelta(hours=env("CONFIRMATION_LIFE_HOURS"))
HANDSET_CODE_LIFE = timedelta(minutes=env("HANDSET_CODE_LIFE_MINUTES"))
# After so many months without a sign of life a number is suspended (law.md L58). 0: never.
SILENCE_MONTHS: int = env("SILENCE_MONTHS")
# Requests from people: the number and the letters, and then what is left of the case, after the answer.
CASE_NUMBERS_FOR_DAYS: int = env("CASE_NUMBERS_FOR_DAYS")
CASES_FOR_DAYS: int = env("CASES_FOR_DAYS")
CONFIRMATIONS_PER_DAY: int = env("CONFIRMATIONS_PER_DAY")
CONFIRMATIONS_PER_FORM_AND_HOUR: int = env("CONFIRMATIONS_PER_FORM_AND_HOUR")
CONFIRMATIONS_PER_NETWORK_AND_HOUR: int = env("CONFIRMATIONS_PER_NETWORK_AND_HOUR")
CODES_PER_DAY: int = env("CODES_PER_DAY")
CODES_PER_NETWORK_AND_HOUR: int = env("CODES_PER_NETWORK_AND_HOUR")
# A page that takes a number answers after so many seconds at the earliest, whatever it knows of it (T17).
EVEN_ANSWER: float = env("EVEN_ANSWER_MS") / 1000
# How long the installation keeps its backups: what is erased lives on in them until then.
BACKUP_LIFE = timedelta(days=env("BACKUP_LIFE_DAYS"))
# Bytes. PostgreSQL locks a table while it writes it anew, so a larger one waits for a person (erasing).
OVERWRITE_UP_TO = env("OVERWRITE_UP_TO_MB") * 1_000_000

# -- the sealed log of evidence (trust.md § 5) -----------------------------------------------------
# SECURITY: its name in every checkpoint. Another name is another log, so it must outlive a new address.
LEDGER_ORIGIN: str = env("LEDGER_ORIGIN") or f"{urlsplit(PUBLIC_URL).netloc}/ledger/1"
# Public keys that have signed before, as C2SP verifier keys: what they signed still counts.
LEDGER_FORMER_KEYS: list[str] = env("LEDGER_FORMER_KEYS")
LEDGER_FILE = Path(env("LEDGER_FILE") or VAR / "ledger" / "checkpoints.txt")
# A time-stamping authority (RFC 3161), and the certificates (PEM) that its answers must lead to.
LEDGER_TSA_URL: str = env("LEDGER_TSA_URL")
LEDGER_TSA_CERTIFICATES: str = env("LEDGER_TSA_CERTIFICATES")

# Who holds personal data, why and how long: one table per app (consents.retention.Policy).
RETENTION_POLICIES = [
    "consents.retention.POLICY",
    "consents.cases.POLICY",
    "campaigns.retention.POLICY",
]

READINESS_CHECKS = [
    "smsconsent.health.database_answers",
    "smsconsent.health.migrations_are_applied",
    "consents.triggers.are_in_place",
    "consents.journal.problem",
    "consents.guard.problem",
    "consents.canary.problem",
]
# What else `manage.py doctor` asks: each yields (is it well, a sentence).
DOCTOR_CHECKS = ["consents.logkeys.findings", "consents.journal.findings"]
# While one of these answers with a sentence, nothing leaves (smsconsent.outbox).
SENDING_STOPS = ["consents.journal.problem", "consents.guard.problem"]
# Asked once when web or worker start: each raises SystemExit with a sentence.
START_CHECKS = ["consents.canary.require_right_keys"]
# What is encrypted elsewhere than in a column of its own: each rewrites it and returns how many (rotation).
ALSO_ENCRYPTED = ["smsconsent.staff.services.renew_second_factors"]
# What follows a replay of the journal: each called with `now`, returns sentences for the report.
AFTER_REPLAY = ["campaigns.services.stop_after_restore"]

# What wants a person soon, though it may get traffic.
READINESS_WARNINGS = [
    "smsconsent.gateways.watch.key_warning",
    "smsconsent.gateways.watch.next_key_warning",
    "smsconsent.gateways.watch.lane_warning",
    "smsconsent.gateways.watch.parts_warning",
    "consents.silence.warning",
    "consents.syncing.warning",
    "consents.erasing.warning",
    "consents.anchors.warning",
    "consents.journal.warning",
    "consents.overwriting.warning",
]

# What waits for a colleague, on the start page: each called with (user, organisation).
PORTAL_COUNTERS = [
    "consents.views.staff.inbox.waiting",
    "consents.views.staff.cases.waiting",
    "consents.views.staff.gateway.waiting",
    "consents.views.staff.evidence.waiting",
    "campaigns.views.staff.waiting",
]

# -- work in the background ------------------------------------------------------------------------
if not EMBEDDED and not REDIS_URL:
    raise ImproperlyConfigured(
        "REDIS_URL is not set. Web, workers and beat find each other through it."
    )
# BROKER_URL names another broker than Redis, such as RabbitMQ; the cache stays where it is
# (docs/operations.md). In the embedded installation web, worker and beat are threads of one process, and the
# broker is its memory.
CELERY_BROKER_URL: str = env("BROKER_URL") or REDIS_URL or "memory://localhost/"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = TIME_ZONE
# The service lane has a queue of its own: a confirmation or a STOP receipt never waits behind a campaign.
CELERY_TASK_DEFAULT_QUEUE = "service"
# Sealing has one as well, so that the signing key can be kept from every process but one.
CELERY_TASK_ROUTES = {
    "campaigns.*": {"queue": "campaigns"},
    # As many as a campaign has messages, and in no more of a hurry.
    "consents.tasks.ask_about_doubted_reports": {"queue": "campaigns"},
    "consents.tasks.seal_events": {"queue": "ledger"},
    "consents.tasks.anchor_log": {"queue": "ledger"},
    "consents.tasks.verify_log": {"queue": "ledger"},
}
_BROKERS: dict[str, dict[str, float]] = {
    "redis": {"visibility_timeout": 600},
    "rediss": {"visibility_timeout": 600},
    "memory": {"polling_interval": 0.02},
    # A wake-up call that the broker has not taken is an error, and not silence.
    "amqp": {"confirm_publish": True},
    "amqps": {"confirm_publish": True},
}
CELERY_BROKER_TRANSPORT_OPTIONS = _BROKERS.get(urlsplit(CELERY_BROKER_URL).scheme, {})
# When data goes is policy, so it is reviewed here and not clicked together (law.md L41).
CELERY_BEAT_SCHEDULE = {
    "drain journal": {"task": "consents.tasks.drain_journal", "schedule": 2},
    "beat in the journal": {"task": "consents.tasks.beat_in_journal", "schedule": 60},
    "cut the journal": {
        "task": "consents.tasks.cut_journal",
        "schedule": crontab(hour=4, minute=17),
    },
    "send service messages": {"task": "consents.tasks.send_service_messages", "schedule": 5},
    "recover service messages": {"task": "consents.tasks.recover_service_messages", "schedule": 30},
    "ask for missing reports": {
        "task": "consents.tasks.ask_for_missing_reports",
        "schedule": crontab(minute=27),
    },
    "tell stops": {"task": "consents.tasks.tell_stops", "schedule": 60},
    "ask about doubted reports": {
        "task": "consents.tasks.ask_about_doubted_reports",
        "schedule": 5,
    },
    "ask for missing campaign reports": {
        "task": "campaigns.tasks.ask_for_missing_reports",
        "schedule": crontab(minute=37),
    },
    "queue codes": {"task": "consents.tasks.queue_codes", "schedule": 5},
    "read unread messages": {"task": "consents.tasks.read_unread_messages", "schedule": 10},
    "send waiting e-mails": {"task": "consents.tasks.send_waiting_emails", "schedule": 30},
    "lapse unconfirmed requests": {"task": "consents.tasks.lapse_unconfirmed", "schedule": 60},
    "seal events": {"task": "consents.tasks.seal_events", "schedule": 5},
    "anchor the log": {"task": "consents.tasks.anchor_log", "schedule": crontab(minute=37)},
    "verify the log": {"task": "consents.tasks.verify_log", "schedule": 30},
    "expire consents": {"task": "consents.tasks.expire_consents", "schedule": crontab(minute=7)},
    "end the consents of closed purposes": {
        "task": "consents.tasks.end_closed_purposes",
        "schedule": 60,
    },
    # By day on weekdays: a reminder wakes nobody.
    "remind people of their consents": {
        "task": "consents.tasks.remind_people",
        "schedule": crontab(minute="*/10", hour="9-14", day_of_week="mon-fri"),
    },
    "remind of requests": {
        "task": "consents.tasks.remind_of_cases",
        "schedule": crontab(hour="7-16", minute=3),
    },
    "remind of the block list": {
        "task": "consents.tasks.remind_of_blocks",
        "schedule": crontab(day_of_week="mon", hour=8, minute=13),
    },
    "suspend silent numbers": {
        "task": "consents.tasks.suspend_silent_numbers",
        "schedule": crontab(hour=4, minute=47),
    },
    "advance imports": {"task": "consents.tasks.advance_imports", "schedule": 10},
    "carry on erasures": {"task": "consents.tasks.carry_on_erasures", "schedule": 20},
    "overwrite what was erased": {
        "task": "consents.tasks.overwrite_erased",
        "schedule": crontab(hour=3, minute=37),
    },
    "purge": {"task": "consents.tasks.purge", "schedule": crontab(minute=17)},
    "start due campaigns": {"task": "campaigns.tasks.start_due_campaigns", "schedule": 10},
    "send campaigns": {"task": "campaigns.tasks.send_campaigns", "schedule": 5},
    "mark what was cancelled": {"task": "campaigns.tasks.block_cancelled", "schedule": 30},
    "recover deliveries": {"task": "campaigns.tasks.recover_deliveries", "schedule": 30},
}
