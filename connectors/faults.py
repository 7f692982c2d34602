"""Why a source value is not a value of its item: the codes of warnings, each with its sentence. Pure.

`connectors.convert` raises them, `connectors.mapping` writes them into the record; provenance shows them to readers.
"""

from __future__ import annotations

from enum import StrEnum

from catalogue.rules import Value


class WarningCode(StrEnum):
    """Why a value stands in a record with a warning, or is null because of it."""

    NOT_A_NUMBER = "not_a_number"
    NOT_A_DATE = "not_a_date"
    NOT_A_TIME = "not_a_time"
    NOT_LOGICAL = "not_logical"
    NOT_TEXT = "not_text"
    NOT_MATCHED = "not_matched"
    CELL_ERROR = "cell_error"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    ROUNDED = "rounded"
    UNKNOWN_CODE = "unknown_code"
    UNKNOWN_UNIT = "unknown_unit"
    CHECK_FAILED = "check_failed"
    BAD_SHAPE = "bad_shape"

    @property
    def sentence(self) -> str:
        """The code in words. It never holds the value: readers who may not see the item may see its warnings."""
        return _SENTENCES[self]


_SENTENCES = {
    WarningCode.NOT_A_NUMBER: "the source's text is not a number",
    WarningCode.NOT_A_DATE: "the source's text is not a date",
    WarningCode.NOT_A_TIME: "the source's text is not a point of time",
    WarningCode.NOT_LOGICAL: "the source's text is neither yes nor no",
    WarningCode.NOT_TEXT: "the source's value cannot be text without losing digits or bytes",
    WarningCode.NOT_MATCHED: "the source's text does not have the form that the binding declares",
    WarningCode.CELL_ERROR: "the source's cell holds the error of a formula",
    WarningCode.TOO_LARGE: "the number has more digits than the item declares or a store keeps",
    WarningCode.TOO_LONG: "the text is longer than the item declares",
    WarningCode.ROUNDED: "the number has more decimals than the item declares and was rounded",
    WarningCode.UNKNOWN_CODE: "the code is not in the code list, or the binding does not translate it",
    WarningCode.UNKNOWN_UNIT: "the binding does not know the unit",
    WarningCode.CHECK_FAILED: "the number does not pass the check of its standard",
    WarningCode.BAD_SHAPE: "the number does not have the length or the characters of its standard",
}


class Bad(Exception):
    """A source value that is not a value of its item. `kept` is what is stored all the same, None for nothing."""

    def __init__(self, code: WarningCode, kept: Value = None) -> None:
        super().__init__(code)
        self.code = code
        self.kept = kept
