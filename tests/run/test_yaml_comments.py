"""Comments of YAML files and their way into `--help`."""

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reid_lightning.run.yaml_comments import first_comment, read_comments, with_comments

TEXT = """\
# @package _global_
# When to choose this.
a: 1 # one
b: # two
  c: "# not one" # three
  d: [1, 2] # four
  e: { f: 1 } # five
  g:
    - 1 # of an item, and of no key
h: x#y
i: null
"""


def test_comments_are_found_beside_their_keys() -> None:
    assert read_comments(TEXT) == {
        ("a",): "one",
        ("b",): "two",
        ("b", "c"): "three",
        ("b", "d"): "four",
        ("b", "e"): "five",
        ("b", "e", "f"): "five",
    }
    assert first_comment(TEXT) == "When to choose this." and first_comment("a: 1") == ""
    assert read_comments("") == {}


def test_comments_are_written_beside_their_keys() -> None:
    text = "b:\n  c: 1\na: '# x'"
    comments = {("b",): "above", ("b", "c"): "below", ("a",): "last", ("z",): "nowhere"}
    assert with_comments(text, comments) == "b:  # above\n  c: 1  # below\na: '# x'  # last"


KEYS = st.sampled_from(["a", "b", "c d", "é", "on", "x#y", "1"])
TREES = st.recursive(
    st.one_of(st.integers(), st.text("ab #:\n'", max_size=6), st.none()),
    lambda below: st.dictionaries(KEYS, below, max_size=3) | st.lists(below, max_size=2),
    max_leaves=8,
)


@settings(deadline=None)
@example({"text of several lines": " a\n\n", "on": {"on": "'a'\n"}})
@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=4))
def test_comments_change_no_value(tree: dict[str, object]) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True, width=1000)
    comments = {(key,): f"of {key}" for key in tree}
    assert yaml.safe_load(with_comments(text, comments)) == tree
