"""The inventory of personal data says what the tables really are; a field nobody declared does not pass."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import models

from fenqi.plumbing.models import SealedFile
from fenqi.plumbing.sealed import SealedTextField
from fenqi.privacy import inventory

# Fields that can hold words; ids, numbers, dates and booleans cannot.
WORDS = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
# What authenticates a person (JR/T 0171 class C3) has no field, whatever it is called.
AUTHENTICATES = re.compile(
    r"cvv|cvn|cvc|card_expir|valid_thru|^track_?[12]|^pin$|(^|_)face(_|$)|fingerprint|biometr|voiceprint|password|(^|_)otp"
    r"|(sms|one_time|verification)_code"
)
# The staff's own passwords, kept as slow hashes.
HASHED = {"StaffMember.password", "StaffMember.password_changed_at"}


def ours():
    return [model for model in apps.get_models() if model.__module__.startswith("fenqi.")]


def entry(model):
    return inventory.declared().get(model._meta.label, {})


def classes(model):
    return [(name, cls) for cls in inventory.CLASSES for name in entry(model).get(cls, ())]


def test_every_table_is_declared_and_nothing_else():
    assert set(inventory.declared()) == {model._meta.label for model in ours()}


@pytest.mark.parametrize("model", ours(), ids=lambda model: model._meta.label)
def test_every_field_that_can_hold_words_has_one_class(model):
    """A new field is declared in the context's held.json: C2, C1, keyed, staff or none."""
    able = sorted(one.name for one in inventory.columns(model) if isinstance(one, WORDS))
    assert sorted(name for name, _cls in classes(model)) == able


@pytest.mark.parametrize("model", ours(), ids=lambda model: model._meta.label)
def test_what_is_sealed_says_so_and_c2_is_sealed(model):
    declared = dict(classes(model))
    for one in inventory.columns(model):
        if isinstance(one, SealedTextField):
            assert declared[one.name] == one.data_class
        elif declared.get(one.name) == "C2":
            assert (model, one.name) == (SealedFile, "sealed")


@pytest.mark.parametrize("model", ours(), ids=lambda model: model._meta.label)
def test_a_table_of_peoples_data_says_what_for_and_how_long(model):
    is_owned = any(one.column == inventory.OWNER for one in inventory.columns(model))
    said = entry(model)
    assert is_owned == ("theme" in said) == ("keep" in said)
    if is_owned:
        assert said["theme"] in inventory.themes()
        assert said["keep"] in KEEPS
        assert said.get("then", "delete") in ("delete", "blank")
        # What holds something personal ends one day; what is left as figures holds nothing personal.
        personal = {cls for _name, cls in classes(model)} & {"C2", "C1"}
        assert said["keep"] != "figures" or not personal


KEEPS = ("at_once", "identity", "trade", "talk", "record", "calls", "proof", "figures")


def test_the_keeping_rules_are_data_with_their_law():
    from fenqi.plumbing import rule_data

    rules = rule_data.shipped()["retention"]["values"]["2000-01-01"]
    assert set(rules) == set(KEEPS)
    assert all(len(rule["law"]) == 2 and all(rule["law"]) for rule in rules.values())


def test_what_authenticates_a_person_has_no_field():
    """Card security codes, expiry, passwords, faces, one-time codes: JR/T 0171 class C3."""
    found = {
        f"{model._meta.object_name}.{one.name}"
        for model in ours()
        for one in inventory.columns(model)
        if isinstance(one, (*WORDS, models.DateField, models.IntegerField)) and AUTHENTICATES.search(one.name)
    }
    assert found - HASHED == set()
