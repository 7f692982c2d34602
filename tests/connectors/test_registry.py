import pytest

from catalogue.model import Binding, Column, System
from connectors.files.source import FilesSource
from connectors.registry import CONNECTORS, open_source
from connectors.source import SourceMisconfigured
from connectors.sql.source import SqlSource

SECRETS = {"env:FOLDER": "/data/in", "file:/run/secret": "p@ss:word/€"}


def system(connector, **options):
    return System("s", "", "", connector, options)


def test_a_kind_of_connector_is_opened_by_name_without_connecting(tmp_path):
    assert isinstance(open_source(system("files", path=f"{tmp_path}/nowhere"), None, SECRETS.__getitem__), FilesSource)
    assert isinstance(
        open_source(system("sql", url="postgresql://x@127.0.0.1:1/y"), None, SECRETS.__getitem__), SqlSource
    )


def test_an_unknown_kind_is_misconfigured_and_the_known_ones_are_named():
    with pytest.raises(SourceMisconfigured, match="there is no connector ftp; known are files, rest, soap, sql"):
        open_source(system("ftp"), None, SECRETS.__getitem__)


@pytest.mark.parametrize("kind", CONNECTORS)
async def test_every_kind_opens_by_itself_and_refuses_an_option_that_it_does_not_know(kind):
    with pytest.raises(SourceMisconfigured, match="wrong"):
        await open_source(system(kind, wrong="x"), None, SECRETS.__getitem__).check()


async def test_a_reference_is_resolved_in_the_system_s_and_the_binding_s_options(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    secrets = {"env:FOLDER": str(tmp_path), "env:GLOB": "*.csv"}.__getitem__
    binding = Binding("b", "r", "s", (Column("x", "x"),), {"files": "env:GLOB"})
    source = open_source(system("files", path="env:FOLDER"), binding, secrets)
    assert await source.shape() == ("x",)


@pytest.mark.parametrize("error", [KeyError, FileNotFoundError])
def test_a_reference_to_nothing_is_misconfigured_and_names_the_reference(error):
    def nothing(reference):
        raise error(reference)

    with pytest.raises(SourceMisconfigured, match="option password: there is nothing at env:PASSWORD"):
        open_source(system("sql", url="postgresql://x@h/y", password="env:PASSWORD"), None, nothing)


def test_a_password_of_any_characters_reaches_the_driver_and_no_text():
    source = open_source(
        system("sql", url="postgresql://x@h/y", password="file:/run/secret"), None, SECRETS.__getitem__
    )
    assert source._settings.url.password == "p@ss:word/€"
    assert "p@ss" not in str(source._settings)
