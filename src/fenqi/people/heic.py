"""
Opening a HEIC photo in a process of its own: stdin in, a JPEG on stdout.

A HEIC file says one size and may unfold to another, and it is read by native code. So it is opened where memory, processor time and
file size are limited, and where a crash ends nothing but the photo. `open_heic` starts this very file; the child imports none of ours.
"""

from __future__ import annotations

import io
import subprocess
import sys

BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
MEMORY_BYTES, PROCESSOR_SECONDS, WAIT_SECONDS = 1536 * 1024 * 1024, 10, 20
MAX_PIXELS, MAX_SIDE = 60_000_000, 2400
TOO_MANY_PIXELS = 3  # exit code; every other one but 0 is a file that cannot be read


class Unreadable(Exception):
    """No picture came out: truncated, damaged, or made to break the reader."""


class TooLarge(Unreadable):
    """More pixels than a photo has."""


def is_heic(content: bytes) -> bool:
    """Does the file say of itself that it is HEIC?"""
    return content[4:8] == b"ftyp" and content[8:12] in BRANDS


def open_heic(content: bytes) -> bytes:
    """The first picture as JPEG, upright, at most 2,400 px a side. Raises: TooLarge, Unreadable."""
    try:
        done = subprocess.run(  # noqa: S603 - this very file  # nosec
            [sys.executable, "-I", __file__],
            input=content,
            capture_output=True,
            timeout=WAIT_SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise Unreadable from None
    if done.returncode == TOO_MANY_PIXELS:
        raise TooLarge
    if done.returncode or not done.stdout:
        raise Unreadable
    return done.stdout


def _child() -> int:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    import pillow_heif
    from PIL import Image, ImageOps

    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    try:
        picture = Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=["HEIF"])
        if picture.width * picture.height > MAX_PIXELS:
            return TOO_MANY_PIXELS
        picture.load()
        if picture.width * picture.height > MAX_PIXELS:  # the file said less than it held
            return TOO_MANY_PIXELS
        upright = ImageOps.exif_transpose(picture).convert("RGB")
        upright.thumbnail((MAX_SIDE, MAX_SIDE))
        upright.save(sys.stdout.buffer, "JPEG", quality=95)
    except MemoryError:
        return TOO_MANY_PIXELS
    except Exception:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_child())
