"""Keys of sealed data: list, rotate, retire."""

from __future__ import annotations

import sys

import click

from fenqi.cli.environment import database, start_django


@click.group()
def keys() -> None:
    """Keys of sealed data."""


@keys.command("list")
def keys_list() -> None:
    """The names of the keys, the sealing one first, and how many values each seals."""
    with database():
        start_django()
        from fenqi.plumbing import rotation

        used = rotation.used_keys()
        for name in _names():
            click.echo(f"{name}\t{used.get(name, 0)}")


@keys.command()
def rotate() -> None:
    """Put a new key first and seal everything anew under it; goes on with a rotation that was cut off."""
    from rich.progress import Progress

    with database():
        start_django(as_owner=True)
        from fenqi.plumbing import rotation
        from fenqi.plumbing.sealed import sealing_key

        begin_rotation()
        name = sealing_key()
        with Progress() as progress:
            task = progress.add_task(f"key {name}", total=rotation.left())
            rows = rotation.reseal(moved=lambda some: progress.update(task, advance=some))
        click.echo(f"keys: {rows} rows sealed anew under {name}")


def begin_rotation() -> bool:
    """
    Make a new first key, unless a rotation waits to be finished or the keys come from the environment; tells whether made.

    From here on every running process seals under the new key.
    """
    from django.conf import settings

    from fenqi.config.keys import GivenByEnvironment, add_sealing_key
    from fenqi.plumbing import rotation

    if rotation.left():
        return False
    try:
        add_sealing_key(settings.HOME)
    except GivenByEnvironment:
        return False
    return True


@keys.command()
@click.argument("name")
def retire(name: str) -> None:
    """Forget an old key; refuses while anything is sealed under it."""
    with database():
        start_django(as_owner=True)
        try:
            retire_key(name)
        except CannotRetire as e:
            click.echo(f"keys: {e}", err=True)
            sys.exit(1)
        click.echo(f"keys: {name} retired")


class CannotRetire(Exception):
    """The key is still needed, or not ours to forget."""


def retire_key(name: str) -> None:
    """Take a key that seals nothing out of the list. Raises: CannotRetire."""
    from django.conf import settings

    from fenqi.config.keys import GivenByEnvironment, drop_sealing_key
    from fenqi.plumbing import rotation

    listed = _names()
    if name not in listed:
        raise CannotRetire(f"no key named {name}")
    if name == listed[0]:
        raise CannotRetire(f"{name} is the key that seals; rotate first")
    try:
        rotation.await_older_transactions()
    except rotation.StillOpen as e:
        raise CannotRetire(str(e)) from e
    used = rotation.used_keys().get(name, 0)
    if used:
        raise CannotRetire(f"{used} values are still sealed under {name}; rotate first")
    try:
        drop_sealing_key(settings.HOME, name)
    except GivenByEnvironment as e:
        raise CannotRetire(
            f"nothing is sealed under {name} any more; take it out of FENQI_SECRET_SEALING"
        ) from e


def _names() -> list[str]:
    from django.conf import settings

    from fenqi.config.keys import names

    return names(settings.SEALING_KEYS())
