"""Who someone is: checked once, kept sealed, one person an account, a person decides what a machine must not."""

import datetime
import io

import pillow_heif
import pytest
from django.db import connection
from PIL import Image

from fenqi.people import queries, refusals, services
from fenqi.people.models import Identity
from fenqi.people.services import IdentityOutcome
from fenqi.people.services.reveals import TooManyReveals
from fenqi.plumbing import audit, sealed
from fenqi.plumbing.four_eyes import SecondPairMissing
from fenqi.plumbing.models import RuleDatum, SealedFile
from tests.people import fakes
from tests.people.browsing import id_number
from tests.support.second_pair import second_pair

GOOD = id_number("11010519900307759")
pillow_heif.register_heif_opener()  # the tests make HEIC photos; the product opens them elsewhere


def photo(size=(1200, 800), form="JPEG", exif=None):
    made = io.BytesIO()
    Image.new("RGB", size, (120, 150, 140)).save(made, form, **({"exif": exif} if exif else {}))
    return made.getvalue()


def submit(borrower_id, **changes):
    facts = {"real_name": "王小明", "id_number": GOOD, "face": True} | changes
    return services.submit_identity(borrower_id=borrower_id, **facts)


class TestSubmit:
    @pytest.mark.parametrize(
        ("name", "outcome", "status"),
        [
            ("王小明", "PASS", "passed"),
            ("查无此人", "FAIL", "failed"),
            ("请重试", "RETRY", "retry"),
            ("超次数", "LIMIT", "limit"),
        ],
    )
    def test_the_party_answers(self, shopper, name, outcome, status):
        borrower_id = shopper()
        assert submit(borrower_id, real_name=name) == outcome
        assert queries.person(borrower_id).identity_status == status

    def test_passing_again_asks_nobody(self, shopper):
        borrower_id = shopper()
        assert submit(borrower_id) == submit(borrower_id) == IdentityOutcome.PASS
        assert len(fakes.Identity.asked) == 1

    def test_an_account_does_not_become_another_person(self, shopper):
        borrower_id = shopper()
        submit(borrower_id)
        with pytest.raises(refusals.IdentityStanding):
            submit(borrower_id, real_name="李大明")

    def test_after_an_outage_the_same_form_passes(self, shopper):
        borrower_id = shopper()
        fakes.Identity.answers["王小明"] = "RETRY"
        try:
            assert submit(borrower_id) == IdentityOutcome.RETRY
        finally:
            del fakes.Identity.answers["王小明"]
        assert submit(borrower_id) == IdentityOutcome.PASS

    def test_five_a_day(self, shopper):
        borrower_id = shopper()
        for _ in range(5):
            submit(borrower_id, real_name="查无此人")
        with pytest.raises(refusals.IdentityLimit):
            submit(borrower_id)

    @pytest.mark.parametrize(
        ("changes", "error", "field"),
        [
            ({"real_name": "Wang"}, refusals.Unreadable, "real_name"),
            ({"id_number": "110105900307759"}, refusals.Unreadable, "id_number"),
            ({"id_number": id_number("11010520150307759")}, refusals.TooYoung, "id_number"),
            ({"valid_until": datetime.date(2026, 11, 21)}, refusals.Unreadable, "valid_until"),
            ({"valid_until": datetime.date(2099, 1, 1)}, refusals.Unreadable, "valid_until"),
            ({"face": False}, refusals.PhotoRefused, "front"),
            ({"face": False, "front": photo()}, refusals.PhotoRefused, "back"),
        ],
    )
    def test_bad_facts_ask_nobody(self, shopper, changes, error, field):
        borrower_id = shopper()
        with pytest.raises(error) as caught:
            submit(borrower_id, **changes)
        assert caught.value.field == field
        assert fakes.Identity.asked == []
        assert not Identity.objects.exists()


class TestPhotos:
    def test_are_drawn_anew_and_sealed(self, shopper):
        borrower_id = shopper()
        exif = Image.Exif()
        exif[0x010F] = "SecretCamera"
        tail = b"PK\x03\x04 a polyglot's other half"
        outcome = submit(borrower_id, face=False, front=photo(exif=exif) + tail, back=photo(form="PNG"))
        assert outcome == IdentityOutcome.REVIEW
        front, media_type = queries.identity_photo(
            borrower_id=borrower_id, side="front", actor="staff:lin", reason="核对"
        )
        assert media_type == "image/jpeg"
        assert front.startswith(b"\xff\xd8")
        assert b"SecretCamera" not in front
        assert b"polyglot" not in front
        with connection.cursor() as cursor:
            cursor.execute("SELECT sealed FROM plumbing_sealedfile")
            assert all(b"\xff\xd8\xff" not in bytes(row[0])[:64] for row in cursor.fetchall())
        assert audit.trail(subject=f"account:{borrower_id}")[0].details["field"] == "identity.front"

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"not a picture",
            photo()[:3000],
            photo(size=(100, 100)),
            b"GIF89a" + b"\0" * 400,
            b"\0\0\0\x18ftypheic" + b"\0" * 400,
            b"\0\0\0\x18ftypavif" + b"\0" * 400,
            photo(form="HEIF")[:700],
            photo(size=(100, 100), form="HEIF"),
            b"\xff\xd8" + b"\0" * (10 * 1024 * 1024),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        ],
    )
    def test_refused(self, shopper, content):
        with pytest.raises(refusals.PhotoRefused) as caught:
            submit(shopper(), face=False, front=content, back=photo())
        assert caught.value.field == "front"

    def test_a_bomb_of_pixels_is_refused_before_it_unfolds(self, shopper):
        from fenqi.people import photos

        bomb = io.BytesIO()
        Image.new("1", (12_000, 12_000)).save(bomb, "PNG")
        assert len(bomb.getvalue()) < photos.MAX_BYTES
        with pytest.raises(refusals.PhotoRefused):
            submit(shopper(), face=False, front=bomb.getvalue(), back=photo())

    def test_heic_becomes_a_plain_jpeg_upright_without_what_hid_in_it(self, shopper):
        borrower_id = shopper()
        exif = Image.Exif()
        exif[0x010F], exif[0x0112] = "SecretCamera", 6
        tall = photo(size=(1200, 800), form="HEIF", exif=exif.tobytes()) + b"PK\x03\x04 polyglot"
        assert submit(borrower_id, face=False, front=tall, back=photo(form="HEIF")) == IdentityOutcome.REVIEW
        front, media_type = queries.identity_photo(
            borrower_id=borrower_id, side="front", actor="staff:lin", reason="核对"
        )
        kept = Image.open(io.BytesIO(front))
        assert (media_type, kept.format, kept.size) == ("image/jpeg", "JPEG", (800, 1200))
        assert not kept.getexif()
        assert b"SecretCamera" not in front
        assert b"polyglot" not in front

    def test_looks_at_photos_are_counted_and_need_a_reason(self, shopper):
        borrower_id = shopper()
        submit(borrower_id, face=False, front=photo(), back=photo())
        look = {"borrower_id": borrower_id, "side": "front", "actor": "staff:lin"}
        with pytest.raises(refusals.ReasonMissing):
            queries.identity_photo(**look, reason=" ")
        RuleDatum.objects.create(name="photo_looks_per_hour", valid_from=datetime.date(2026, 1, 1), value=2)
        for _ in range(2):
            queries.identity_photo(**look, reason="核对")
        with pytest.raises(TooManyReveals):
            queries.identity_photo(**look, reason="核对")
        assert queries.identity_photo(**look | {"actor": "staff:zhou"}, reason="核对")

    def test_a_heic_of_too_many_pixels_is_refused(self, shopper):
        bomb = photo(size=(9_000, 7_000), form="HEIF")
        assert len(bomb) < 200_000
        with pytest.raises(refusals.PhotoRefused, match="尺寸太大"):
            submit(shopper(), face=False, front=bomb, back=photo())

    def test_a_heic_that_says_less_than_it_unfolds_to_is_refused(self, shopper):
        bomb = photo(size=(9_000, 7_000), form="HEIF")
        small = bomb.replace((9_000).to_bytes(4) + (7_000).to_bytes(4), (900).to_bytes(4) + (700).to_bytes(4))
        assert small != bomb
        with pytest.raises(refusals.PhotoRefused):
            submit(shopper(), face=False, front=small, back=photo())

    def test_open_for_their_owner_only(self, shopper):
        borrower_id, other = shopper(), shopper("13800009999")
        submit(borrower_id, face=False, front=photo(), back=photo())
        kept = Identity.objects.get(borrower_id=borrower_id)
        with pytest.raises(SealedFile.DoesNotExist):
            sealed.open_file(file_id=kept.front_id, borrower_id=other)


class TestReview:
    def test_one_id_number_on_two_accounts_goes_to_a_person(self, shopper):
        first, second = shopper("13800000001"), shopper("13800000002")
        submit(first)
        assert submit(second) == IdentityOutcome.REVIEW
        assert queries.identity_file(second).is_on_another_account
        with pytest.raises(SecondPairMissing):
            services.review_identity(
                staff="staff:lin", borrower_id=second, approve=True, reason="本人换号,已视频核对"
            )
        assert queries.person(first).identity_status == "passed"
        second_pair(
            "people.identity_move",
            borrower_id=second,
            arguments={"borrower_id": second},
            reason="本人换号,已视频核对",
        )
        assert queries.person(second).identity_status == "passed"
        assert queries.person(first).identity_status == "refused"

    def test_needs_a_reason_and_something_waiting(self, shopper):
        borrower_id = shopper()
        submit(borrower_id, face=False, front=photo(), back=photo())
        with pytest.raises(refusals.ReasonMissing):
            services.review_identity(staff="staff:lin", borrower_id=borrower_id, approve=False, reason="  ")
        services.review_identity(
            staff="staff:lin", borrower_id=borrower_id, approve=False, reason="照片与本人不符"
        )
        with pytest.raises(refusals.NotWaiting):
            services.review_identity(staff="staff:lin", borrower_id=borrower_id, approve=True, reason="再看")
        assert queries.person(borrower_id).identity_status == "refused"
        assert audit.verify() is None


class TestReveal:
    def test_clear_values_leave_a_line_each(self, applicant):
        borrower_id = applicant()
        assert queries.full_name_for(borrower_id=borrower_id, reason="分期服务协议") == "王小明"
        assert queries.phone_for(borrower_id=borrower_id, reason="message") == "13800001234"
        lines = [
            one for one in audit.trail(subject=f"account:{borrower_id}") if one.action == "people.revealed"
        ]
        assert {(one.details["field"], one.reason) for one in lines} == {
            ("real_name", "分期服务协议"),
            ("phone", "message"),
        }

    def test_masks_by_default(self, applicant):
        person = queries.person(applicant())
        assert (person.name_masked, person.phone_masked) == ("王**", "138****1234")
        assert "19900307" not in person.id_number_masked
