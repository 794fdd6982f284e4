"""One CamelCase word for what a person or another program called as it liked."""

import re

_LONGEST = 64


def reason(text: str, otherwise: str) -> str:
    """The reason of a condition: the API server refuses a whole status when one of its reasons is a sentence.

    >>> reason("exceeded quota: pods", "Unknown")
    'ExceededQuotaPods'
    >>> reason("137", "Failed")
    'Failed'
    """
    word = "".join(part[0].upper() + part[1:] for part in re.findall("[A-Za-z0-9]+", text))
    return word[:_LONGEST] if word[:1].isalpha() else otherwise
