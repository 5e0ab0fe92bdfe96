"""Every keyed hash is a BlindIndexField, so that none is left behind when the key changes."""

from __future__ import annotations

import ast
import re

from django.apps import apps
from django.db import models

from fenqi.plumbing import index_rotation
from fenqi.plumbing.index_field import BlindIndexField
from fenqi.plumbing.sealed import SealedTextField
from fenqi.privacy import inventory
from tests.house.trees import SOURCE

# Bytes that no key of ours is in. A new column of bytes is a SealedTextField, a BlindIndexField, or named here with the reason.
PLAIN = {
    "plumbing_reference.content_hash": "of a request's content, for the same again",
    "plumbing_auditrecord.hash": "the chain has a key of its own (plumbing.audit)",
    "plumbing_sealedfile.sealed": "sealed by hand (plumbing.sealed.keep_file)",
    "plumbing_proposal.digest": "of what was shown",
    "partners_partnerkey.secret_hash": "of 32 random bytes",
    "people_contactinvite.token_hash": "of a random token",
    "people_emaillink.token_hash": "of a random token",
    "people_stafflink.token_hash": "of a random token",
    "servicing_paylink.token_hash": "of a random token",
    "people_passkey.credential_id": "public",
    "people_passkey.public_key": "public",
    "people_staffpasskey.credential_id": "public",
    "people_staffpasskey.public_key": "public",
    "people_passkeyindex.credential_hash": "of a random id",
    "people_passkeychallenge.challenge": "random",
    "credit_heldquote.digest": "of figures",
    "credit_decision.rules_digest": "of a rule set",
    "credit_decision.digest": "of rules, snapshot and answer",
    "credit_agreement.quote_digest": "of figures",
    "credit_agreement.text_digest": "of a text",
    "credit_agreement.digest": "of everything agreed",
    "credit_agreementdocument.digest": "of a file",
    "credit_rulesetused.digest": "of a rule set",
}
# Where an index stands in a statement of our own, and both forms were thought of: elsewhere the ORM asks for them by itself.
BY_HAND = {
    "credit/exposure.py",
    "credit/signals.py",
    "credit/checks.py",
    "people/queries/one_person.py",
}


def columns():
    return [
        (model, field)
        for model in apps.get_models()
        if model.__module__.startswith("fenqi.")
        for field in model._meta.concrete_fields
        if isinstance(field, models.BinaryField)
    ]


def test_a_column_of_bytes_is_sealed_an_index_or_said_to_be_neither():
    plain = {
        f"{model._meta.db_table}.{field.column}"
        for model, field in columns()
        if not isinstance(field, SealedTextField | BlindIndexField)
    }
    assert plain == set(PLAIN)


def test_the_rotation_finds_every_index_and_the_inventory_calls_it_keyed():
    found = {(place.table, place.column) for place in index_rotation.places()}
    declared = inventory.declared()
    for model, field in columns():
        if isinstance(field, BlindIndexField):
            assert (model._meta.db_table, field.column) in found
            assert field.name in declared[model._meta.label]["keyed"]
    assert len(found) > 12


def test_only_the_keys_read_the_first_key():
    readers = {
        name for name in sources() if re.search(r"""SECRETS\[["']index["']\]""", (SOURCE / name).read_text())
    }
    assert readers == {"plumbing/index_keys.py", "plumbing/audit.py"}


def sources():
    return [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if "migrations" not in path.parts]


def test_statements_written_by_hand_leave_indexes_to_the_orm():
    names = "|".join(sorted({place.column for place in index_rotation.places()}))
    compares = re.compile(rf"\b({names})\s*(=|IN\b|<>)|INSERT INTO \w+ \([^)]*\b({names})\b", re.IGNORECASE)
    statements = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|JOIN|WHERE)\b")
    found = {
        name
        for name in sources()
        for node in ast.walk(ast.parse((SOURCE / name).read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if statements.search(node.value) and compares.search(node.value)
    }
    assert found == BY_HAND
