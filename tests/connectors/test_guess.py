from datetime import date, datetime
from decimal import Decimal

import pytest

from connectors.guess import guess_column


@pytest.mark.parametrize(
    ("values", "letter", "length"),
    [
        (["1", "22", "-3"], "I", None),
        ([1, 2, 3], "I", None),
        (["1.5", "2"], "N", 3),
        ([Decimal("1.5"), 2], "N", 3),
        (["007", "010"], "C", 3),
        (["350102", "350103"], "C", 6),
        (["110105491231002", "370101190102039973"], "C", 18),
        (["11010519491231002X", "440524188001010014"], "C", 18),
        (["2024-01-01", "2024/2/29"], "D", None),
        (["20240101", "20240229"], "D", None),
        ([date(2024, 1, 1)], "D", None),
        ([datetime(2024, 1, 1), datetime(2024, 1, 2)], "D", None),
        (["2024-01-01 08:00", "2024-01-02"], "T", None),
        ([True, False, None], "L", None),
        (["长" * 501], "M", None),
        ([None, "", "  "], "C", None),
    ],
)
def test_the_letter_of_a_column_is_guessed_from_its_values(values, letter, length):
    guessed = guess_column("x", values)
    assert (guessed.type, guessed.length) == (letter, length)


def test_absent_values_make_a_column_nullable_and_samples_are_few_and_short():
    guessed = guess_column("x", ["a", "a", None, "b", "c" * 100, "d"])
    assert guessed.nullable
    assert guessed.samples == ("a", "b", "c" * 40)
