"""Keys of sealed data and of blind indexes: list, rotate, retire, rewrap."""

from __future__ import annotations

import contextlib
import sys

import click

from fenqi.cli.environment import database, start_django


@click.group()
def keys() -> None:
    """Keys of sealed data."""


@keys.command("list")
@click.option(
    "--index", is_flag=True, help="The keys of blind indexes, and how many indexes stand under each."
)
def keys_list(index: bool) -> None:
    """The data keys, the sealing one first, how many values each seals and which master key wraps it."""
    with database():
        start_django()
        from fenqi.plumbing import ciphers, data_keys, rotation

        if index:
            _list_index_keys()
            return

        used = rotation.used_keys()
        for name, wrapped in reversed(data_keys.wrapped_keys()):
            click.echo(
                f"{name}\t{ciphers.cipher_of(name)}\t{used.get(name, 0)}\twrapped by {ciphers.name_of(wrapped)}"
            )


def _list_index_keys() -> None:
    from fenqi.plumbing import index_keys, index_rotation

    used, known = index_rotation.used_keys(), index_keys.known()
    if known.coming:
        click.echo(f"{known.coming.name}\tcoming\t{used[known.coming.name]}")
    for key in reversed(known.stand):
        state = "newest" if key is known.stand[-1] else "retired" if key.is_retired else "older"
        click.echo(f"{key.name}\t{state}\t{used[key.name]}")


@keys.command()
@click.option("--index", is_flag=True, help="The key of blind indexes instead.")
def rotate(index: bool) -> None:
    """Make a new data key and seal everything anew under it; goes on with a rotation that was cut off."""
    from rich.progress import Progress

    with database():
        start_django(as_owner=True)
        if index:
            _rotate_index()
            return
        from fenqi.plumbing import rotation
        from fenqi.plumbing.sealed import sealing_key

        rotation.begin()
        name = sealing_key()
        with Progress() as progress:
            task = progress.add_task(f"key {name}", total=rotation.left())
            rows = rotation.reseal(moved=lambda some: progress.update(task, advance=some))
        click.echo(f"keys: {rows} rows sealed anew under {name}")


def _rotate_index() -> None:
    from rich.progress import Progress

    from fenqi.plumbing import index_rotation, rotation

    try:
        name = index_rotation.begin()
    except rotation.StillOpen as e:
        click.echo(f"keys: {e}; the new key waits, run this again", err=True)
        sys.exit(1)
    except index_rotation.SpreadOut as e:
        click.echo(f"keys: {e}", err=True)
        sys.exit(1)
    with Progress() as progress:
        task = progress.add_task(f"index key {name}", total=index_rotation.left())
        rows = index_rotation.move(moved=lambda some: progress.update(task, advance=some))
    click.echo(f"keys: {rows} indexes moved to {name}")


@keys.command()
@click.argument("name")
def retire(name: str) -> None:
    """Forget an old data key; refuses while anything is sealed under it. Of an index key: nothing counts by it alone any more."""
    with database():
        start_django(as_owner=True)
        from fenqi.plumbing import index_rotation, rotation

        try:
            (index_rotation if name.startswith("i") else rotation).retire(name)
        except rotation.CannotRetire as e:
            click.echo(f"keys: {e}", err=True)
            sys.exit(1)
        click.echo(f"keys: {name} retired")


@keys.command()
def rewrap() -> None:
    """Wrap the data keys under a new master key; no value is touched. Goes on with one that was cut off."""
    with database():
        start_django(as_owner=True)
        first, moved, spare = change_master()
        click.echo(f"keys: {moved} data keys wrapped anew under the master key {first}")
        for name in spare:
            click.echo(f"keys: nothing is wrapped by {name} any more; take it out of FENQI_SECRET_SEALING")


def change_master() -> tuple[str, int, list[str]]:
    """
    Rewrap under a new master key of `secrets.json`, or under the first one the environment gives.

    (name of the master key, data keys that moved, masters the operator may now take out of the environment).
    """
    from django.conf import settings

    from fenqi.config.keys import GivenByEnvironment, add_sealing_key, drop_sealing_key
    from fenqi.plumbing import data_keys

    if data_keys.masters_in_use() == {next(iter(data_keys.masters()))}:
        with contextlib.suppress(GivenByEnvironment):
            add_sealing_key(settings.HOME)
    moved = data_keys.rewrap()
    first, *others = data_keys.masters()
    spare = [name for name in others if name not in data_keys.masters_in_use()]
    try:
        for name in spare:
            drop_sealing_key(settings.HOME, name)
    except GivenByEnvironment:
        return first, moved, spare
    return first, moved, []
