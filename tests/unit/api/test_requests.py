"""Annotations by which people ask for something: what is understood, and what is said of the rest."""

import pytest

from modelmonitor.api.requests import LONGEST, Malformed, Request, Verb, read, token

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("verb", "text", "understood"),
    [
        (Verb.RESUME, "2026-11-26T01:00:00Z", Request()),
        (Verb.RESUME, "", Request()),
        (Verb.TRIP, "null", Request()),
        (Verb.TRIP, '{"by": "anna", "why": "tariffs", "nonce": "1"}', Request(by="anna", why="tariffs", nonce="1")),
        (Verb.HOLD, '{"until": "2026-12-01T00:00:00Z"}', Request.model_validate({"until": "2026-12-01T00:00:00Z"})),
        (Verb.APPROVE, DIGEST, Request(digest=DIGEST)),
        (Verb.APPROVE, f"  {DIGEST[7:19]} ", Request(digest=DIGEST[7:19])),
        (Verb.REJECT, f'{{"digest": "{DIGEST}", "by": "ben"}}', Request(digest=DIGEST, by="ben")),
    ],
)  # fmt: skip
def test_understood(verb: Verb, text: str, understood: Request) -> None:
    assert read(verb, text) == understood


@pytest.mark.parametrize(
    ("verb", "text", "words"),
    [
        (Verb.TRIP, "{not json", "not a JSON object"),
        (Verb.TRIP, '{"who": "anna"}', "who"),
        (Verb.TRIP, '{"by": 7}', "by"),
        (Verb.TRIP, f'{{"by": "{"a" * 65}"}}', "by"),
        (Verb.TRIP, '{"until": "2026-12-01T00:00:00Z"}', "until belongs to hold"),
        (Verb.TRIP, f'{{"digest": "{DIGEST}"}}', "digest belongs to approve and reject"),
        (Verb.HOLD, '{"until": "tomorrow"}', "until"),
        (Verb.APPROVE, "yes", "write the candidate's digest"),
        (Verb.APPROVE, "", "write the candidate's digest"),
        (Verb.APPROVE, "0123", "write the candidate's digest"),
        (Verb.APPROVE, '{"by": "anna"}', "write the candidate's digest"),
        (Verb.REJECT, '{"digest": "sha256:0123"}', "digest"),
        (Verb.RESUME, "x" * (LONGEST + 1), f"more than {LONGEST}"),
        (Verb.RESUME, '{"by": "\\ud800"}', "by"),
    ],
)
def test_not_understood_and_said_why(verb: Verb, text: str, words: str) -> None:
    found = read(verb, text)
    assert isinstance(found, Malformed)
    assert words in found.message


def test_another_value_is_another_token_however_long_both_are() -> None:
    assert token("a" * 5000) != token("a" * 5001)
    assert len(token("a" * 5000)) == 16
