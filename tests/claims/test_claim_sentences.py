"""The tested text: every sentence has its claims or a reason for having none."""

import re

from regx.claims.exact import all_mechanical
from regx.claims.sentences import course_text, loose_points

MECHANICAL = [f"M{number:02}" for number in range(1, 14)]
EMPIRICAL = [f"C{number:02}" for number in range(1, 22)]


def test_every_sentence_has_claims_or_a_reason() -> None:
    assert [sentence.id for sentence in course_text().sentences if sentence.why_untested] == ["S16"]
    assert all(bool(sentence.claims) != bool(sentence.why_untested) for sentence in course_text().sentences)


def test_sentences_are_all_there_in_order() -> None:
    numbers = [int(re.sub("[^0-9]", "", sentence.id)) for sentence in course_text().sentences]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, 29))
    assert len({sentence.text for sentence in course_text().sentences}) == len(course_text().sentences) == 30


def test_every_claim_tests_a_sentence() -> None:
    tested = {claim for sentence in course_text().sentences for claim in sentence.claims}
    assert sorted(tested) == sorted([*MECHANICAL, *EMPIRICAL])


def test_mechanical_claims_quote_sentences_that_name_them() -> None:
    for claim in all_mechanical():
        quoted = [sentence for sentence in course_text().sentences if sentence.text in claim.quote]
        assert " ".join(sentence.text for sentence in quoted) == claim.quote
        assert all(claim.id in sentence.claims for sentence in quoted), claim.id


def test_loose_points_belong_to_sentences_and_claims_that_exist() -> None:
    assert len(course_text().loose_points) == 10
    ids = {sentence.id for sentence in course_text().sentences}
    for point in course_text().loose_points:
        assert set(point.sentences) <= ids
        assert set(point.claims) <= {*MECHANICAL, *EMPIRICAL}
        assert point.claims


def test_mechanical_claims_say_where_the_text_is_loose() -> None:
    said = {claim.id: claim.notes for claim in all_mechanical()}
    expected = {
        claim for point in course_text().loose_points for claim in point.claims if claim.startswith("M")
    }
    assert expected == {"M02", "M05", "M06", "M09", "M10", "M11", "M12", "M13"}
    assert all(set(loose_points(claim)) <= set(said[claim]) for claim in expected)
