"""What people does: every write of accounts, identities, contacts, consents, cards and staff."""

from fenqi.people.services.accounts import (
    SignedIn,
    change_phone,
    end_other_sessions,
    end_session,
    open_session,
    send_step_up_code,
    set_email,
    sign_in,
    verify_step_up,
)
from fenqi.people.services.cards import bind_card, send_card_code, unbind_card
from fenqi.people.services.codes import send_code
from fenqi.people.services.consents import publish_text, record_consent, record_consents, withdraw_consent
from fenqi.people.services.contact_use import (
    ContactProtected,
    ask_contact_use,
    due_to_forget,
    forget_contacts,
    plan_forgetting,
    record_dial,
    use_contact,
)
from fenqi.people.services.contacts import (
    answer_contact,
    forget_contact,
    name_contact,
    resend_contact_link,
    review_contact,
)
from fenqi.people.services.identity import IdentityOutcome, retry_identity, review_identity, submit_identity
from fenqi.people.services.retention import (
    forget_codes,
    forget_identity,
    keep_identity,
    unused_identities,
)
from fenqi.people.services.reveals import reveal
from fenqi.people.services.second_pair import approve, member, propose, reject, withdraw
from fenqi.people.services.staff import Role, StaffSignedIn, add_staff, set_totp, staff_sign_in

__all__ = [
    "ContactProtected",
    "IdentityOutcome",
    "Role",
    "SignedIn",
    "StaffSignedIn",
    "add_staff",
    "answer_contact",
    "approve",
    "ask_contact_use",
    "bind_card",
    "change_phone",
    "due_to_forget",
    "end_other_sessions",
    "end_session",
    "forget_codes",
    "forget_contact",
    "forget_contacts",
    "forget_identity",
    "keep_identity",
    "member",
    "name_contact",
    "open_session",
    "plan_forgetting",
    "propose",
    "publish_text",
    "record_consent",
    "record_consents",
    "record_dial",
    "reject",
    "resend_contact_link",
    "retry_identity",
    "reveal",
    "review_contact",
    "review_identity",
    "send_card_code",
    "send_code",
    "send_step_up_code",
    "set_email",
    "set_totp",
    "sign_in",
    "staff_sign_in",
    "submit_identity",
    "unbind_card",
    "unused_identities",
    "use_contact",
    "verify_step_up",
    "withdraw",
    "withdraw_consent",
]
