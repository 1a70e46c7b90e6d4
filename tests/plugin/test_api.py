"""The promises of the door: versions, arguments that are only added, deprecations."""

import warnings

import pluggy
import pytest

import nlpengine.plugin
from nlpengine.plugin import API_VERSION, ApiDeprecationWarning, hookspecs
from nlpengine.plugin.api import ApiRange, warn_deprecated
from nlpengine.plugin.manager import PluginManager
from nlpengine.plugin.names import NAMES


@pytest.mark.parametrize(
    ("names", "version", "problem"),
    [
        ((), "1.0", None),
        ((), "1.9", None),
        (("1.0",), "1.4", None),
        (("1.4",), "1.4", None),
        (("1.5",), "1.4", "written for API >=1.5,<2, newer than 1.4, which is here"),
        (("2.0",), "1.4", "written for API >=2.0,<3, newer than 1.4, which is here"),
        (("1.2",), "2.0", "written for API >=1.2,<2, older than 2.0, which is here"),
        ((), "2.0", "written for API >=1.0,<2 (not declared), older than 2.0, which is here"),
        (("1.2", "2.0"), "2.1", None),
        (("1.2", "2.2"), "2.1", "written for API >=1.2,<2 or >=2.2,<3, older than 2.1, which"),
        (("1",), "1.0", "its API version '1' is no MAJOR.MINOR"),
        (("1.0.0",), "1.0", "its API version '1.0.0' is no MAJOR.MINOR"),
    ],
)
def test_versions(names, version, problem):
    found = ApiRange(names).problem(version)
    assert (found is None) == (problem is None)
    assert problem is None or found.startswith(problem)


def test_a_version_is_checked_before_anything_is_imported(install):
    file = install("shout", api="1.99")
    (state,) = [s for s in PluginManager().states() if s.entry.name == "shout"]
    assert state.status == "quarantined"
    assert not file.with_suffix(".imported").exists()
    with pytest.raises(nlpengine.PluginError, match=r"quarantined: .*newer than 1\.0.*pip install"):
        PluginManager().task("shout")


def test_a_version_that_fits_is_let_in(install):
    install("shout", api=API_VERSION)
    (state,) = [s for s in PluginManager().states() if s.entry.name == "shout"]
    assert state.status == "ok"
    assert str(state.entry.api) == ">=1.0,<2"


def test_arguments_are_only_added(install):
    """A later core gives its hook an argument: who asks gets it, the others don't notice."""

    class Later:
        @hookspecs.hookspec
        def nlpengine_task(self, context):
            """With an argument that version 1.0 doesn't have."""

    install("shout")
    file = install("curious")
    file.write_text(
        file.read_text()
        .replace("def nlpengine_task():", "def nlpengine_task(context):")
        .replace("return Shout()", "assert context == 'here'; return Shout()")
    )
    (before,) = [s for s in PluginManager().states() if s.entry.name == "curious"]
    assert "context" in before.reason  # the control: version 1.0 refuses it, and says so
    answers = {}
    for name in ("shout", "curious"):
        manager = pluggy.PluginManager("nlpengine")
        manager.add_hookspecs(Later)
        manager.register(__import__(f"nlpengine_{name}"))
        manager.check_pending()
        answers[name] = manager.hook.nlpengine_task(context="here")[0].name
    assert answers == {"shout": "shout", "curious": "curious"}


def old():
    warn_deprecated("old()", use="new()", gone_in="2.0")


def test_a_deprecation_names_what_to_use_and_who_uses_it():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        old()
    (warning,) = caught
    assert issubclass(warning.category, ApiDeprecationWarning)
    assert str(warning.message) == "old() is deprecated and goes with API 2.0: use new()."
    assert warning.filename == __file__


def test_the_door_s_names_are_one_list():
    assert set(nlpengine.plugin.__all__) == set(NAMES)
    for name in nlpengine.plugin.__all__:
        assert getattr(nlpengine.plugin, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        nlpengine.plugin.Nothing  # noqa: B018 - the access is the test
