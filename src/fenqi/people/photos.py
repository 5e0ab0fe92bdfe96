"""
Photos people send: opened, checked and drawn anew, so that nothing but the picture is kept.

Re-encoding drops metadata (where and with what it was taken) and whatever else hid behind the picture.
"""

from __future__ import annotations

import io
import warnings

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from fenqi.people import heic
from fenqi.people.refusals import PhotoRefused

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 60_000_000
MIN_SIDE, MAX_SIDE = 300, 2400
FORMATS = ("JPEG", "PNG")


def clean_photo(content: bytes, *, field: str) -> bytes:
    """
    A fresh JPEG of the picture, upright, at most 2,400 px a side.

    Raises: PhotoRefused when empty, over 10 MB, no JPEG, PNG or HEIC, truncated, too small, or too many pixels.
    """
    if not content:
        raise PhotoRefused(_("请上传照片。"), field=field)
    if len(content) > MAX_BYTES:
        raise PhotoRefused(_("照片超过 10 MB，请压缩后再上传。"), field=field)
    if heic.is_heic(content):
        content = _opened(content, field=field)
    try:
        with warnings.catch_warnings():
            # Pillow warns before it refuses; a bomb is refused at the first sign.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_large(field)
            if min(picture.size) < MIN_SIDE:
                raise PhotoRefused(_("照片太小看不清，短边至少 300 像素。"), field=field)
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(field) from None
    except UnidentifiedImageError:
        raise PhotoRefused(_("只支持 JPEG、PNG 或 HEIC 照片。"), field=field) from None
    except (OSError, SyntaxError, ValueError):
        raise _damaged(field) from None
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    fresh = io.BytesIO()
    upright.save(fresh, "JPEG", quality=88)
    return fresh.getvalue()


def _opened(content: bytes, *, field: str) -> bytes:
    try:
        return heic.open_heic(content)
    except heic.TooLarge:
        raise _too_large(field) from None
    except heic.Unreadable:
        raise _damaged(field) from None


def _too_large(field: str) -> PhotoRefused:
    return PhotoRefused(_("照片尺寸太大，请缩小后再上传。"), field=field)


def _damaged(field: str) -> PhotoRefused:
    return PhotoRefused(_("照片不完整或已损坏，请重新拍摄。"), field=field)
