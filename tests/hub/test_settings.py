"""Settings come from hub.toml and the environment; every fault is named at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.commands.service import commented
from hub.errors import ConfigurationError
from hub.settings import MEANING, Settings, as_environment, load


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "hub.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_without_anything_the_defaults_hold():
    assert load(None, {}).port == Settings().port


def test_the_environment_wins_over_the_file_and_folders_are_relative_to_the_file(toml):
    path = toml('port = 9000\nrecords = "sqlite:///store"\nworkers = 2\n')
    settings = load(path, {"HUB_PORT": "9001", "HUB_PULLER": "false", "OTHER": "x"})
    assert (settings.port, settings.workers, settings.puller) == (9001, 2, False)
    assert settings.records_folder == path.parent / "store"


def test_every_unknown_key_is_named_at_once(toml):
    with pytest.raises(ConfigurationError) as caught:
        load(toml("prot = 1\nwrokers = 2\n"), {"HUB_NOTHING": "1"})
    assert [name for name in ("'prot'", "'wrokers'", "HUB_NOTHING") if name not in str(caught.value)] == []


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "hub.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match=r"hub\.toml: 'utf-8' codec"):
        load(tmp_path / "hub.toml", {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('port = "many"', "port must be a whole number, not 'many'"),
        ("port = 70000", "port must lie between 1 and 65535, not 70000"),
        ("port = 0", "port must lie between 1 and 65535, not 0"),
        ("port = 80.0", "port must be a whole number, not 80.0"),
        ("port = true", "port must be a whole number, not True"),
        ("workers = 0", "workers must lie between 1 and"),
        ("puller = 1", "puller must be true or false"),
        ("host = 1", "host must be text"),
        ("question_seconds = 0", "question_seconds must be a number of seconds, more than 0"),
        ("question_seconds = nan", "question_seconds must be a number of seconds"),
        ("question_seconds = inf", "question_seconds must be a number of seconds"),
        ('question_seconds = "soon"', "question_seconds must be a number of seconds"),
        ('records = "postgres://x"', "records must begin with sqlite:///"),
        ('catalogue = "neo4j://x"', "catalogue neo4j is not supported by this version"),
        ("port = ", "hub.toml: Invalid value"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_file(toml, text, says):
    with pytest.raises(ConfigurationError, match=says) as caught:
        load(toml(text), {})
    assert "hub.toml: " in str(caught.value)


def test_every_fault_of_file_environment_and_options_is_named_at_once(toml):
    with pytest.raises(ConfigurationError) as caught:
        load(toml("prot = 1\nworkers = 0\n"), {"HUB_PULLER": "perhaps"}, {"port": 99999, "host": None})
    assert len(str(caught.value).splitlines()) == 4
    for place in (
        "hub.toml: there is no setting 'prot'",
        "hub.toml: workers",
        "environment HUB_PULLER: puller",
        "option --port: port",
    ):
        assert place in str(caught.value)


def test_options_win_over_the_environment_and_one_that_is_not_given_changes_nothing():
    settings = load(None, {"HUB_PORT": "9001", "HUB_WORKERS": "3"}, {"port": 9002, "workers": None})
    assert (settings.port, settings.workers) == (9002, 3)


@given(
    st.builds(
        Settings,
        host=st.sampled_from(["127.0.0.1", "::1", "hub.example.gov"]),
        port=st.integers(1, 65535),
        workers=st.integers(1, 1024),
        question_seconds=st.floats(0.001, 1e6),
        puller=st.booleans(),
    )
)
def test_a_child_process_reads_the_settings_that_its_parent_has(settings):
    parents = load(None, as_environment(settings))
    assert load(None, as_environment(parents)) == parents
    assert parents.port == settings.port
    assert (parents.workers, parents.puller, parents.question_seconds) == (
        settings.workers,
        settings.puller,
        settings.question_seconds,
    )


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.toml: No such file"):
        load(tmp_path / "none.toml", {})


def test_the_commented_file_names_every_setting_and_loads_as_the_defaults(toml):
    text = commented(Settings())
    assert [key for key in MEANING if f"# {key} = " not in text] == []
    active = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    assert load(toml(active), {}).port == Settings().port


def test_the_origin_is_what_an_operator_says_or_where_the_hub_listens():
    assert Settings(host="127.0.0.1", port=8123).url == "http://127.0.0.1:8123"
    assert Settings(host="::1", port=8123).url == "http://[::1]:8123"
    assert Settings(origin="https://hub.example.gov/").url == "https://hub.example.gov"
