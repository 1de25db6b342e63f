"""Keeps the language plain: one word for one idea, and none of the phrases that readers must read twice."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/traits_sandbox"

# A name that two modules define, with the reason why both may keep it.
SHARED_NAMES = {
    "T": "a type variable has no meaning outside its function",
}

# Phrases of an older style, as regular expressions, each with what to write instead.
OLD_STYLE = {
    r"\b(?:is|are|was|were|be) told\b": "reported, listed, shown, given",
    r"\btaken in\b|\btakes? in\b|\btake \w+ in\b": "ingested, accepted, stored",
    r"\bso many\b": "this many, that many; or say the number",
    r"\bof an own\b": "its own, separate",
    r"\b(?:gives?|needs?) (?:no )?leave\b|\bwaits? for leave\b": "allows; is allowed",
    r"\bdo(?:es)? no harm\b": "is harmless, never fails",
    r"\bmend(?:s|ed|ing)?\b": "fix, correct, repair",
    r"\bswept\b": "removed, cleaned up",
    r"\bin vain\b": "without success",
    r"\bpassed over\b": "skipped",
    r"\bspoil(?:s|t|ed)?\b": "faulty, changed by a fault",
    r"\btold apart\b|\btells? apart\b": "distinguish",
    r"\bworth a word\b": "reported",
    r"\bat fault\b": "invalid, wrong",
    r"\b(?:is|are) none of\b": "is not one of",
    r"\bfor (?:its|their) sake\b": "because of it",
    r"\banew\b": "again",
    r"\blends?\b|\blent\b": "yield, provide",
    r"\bstands? for\b": "means, marks, is in place of",
    r"\btold of\b": "reported",
    r"\bdoor\b": "route, intake",
    r"\bwhoever\b|\bnobody's\b": "everyone who, users who; nobody",
    r"\bmakes? no sense\b": "is invalid",
    r"\bthrice\b|\bthereof\b|\bhitherto\b|\bwherein\b": "the usual word",
    r"\bbe it\b": "whether it is",
    r"\b(?:is|are|be) spoken\b": "uses, accepts, supports",
    r"\bnever was\b|\byet to come\b": "unknown; in the future",
    r"\bhad to leave\b|\bleaves? first\b|\brecords leave\b": "dropped",
    r"\bc[ao]me of (?:it|them|this)\b|\bhas to come\b": "the result, the outcome",
    r"\bcame upon\b": "found",
    r"\btells? (?:no|another|its)\b": "returns, states, names",
    r"\btold otherwise\b": "by default",
    r"\b(?:that|which|what|it) (?:is|are) no (?!longer\b)": "is not a",
    r"\bmakes? no user\b": "does not create a user",
    r"\bfruitless\b|\bdisappoint": "without success",
    r"\bworth judging\b": "say what is judged",
    r"\bheld (?:to over|against)\b": "tested, compared with",
    r"\bstumbles?\b": "breaks, fails",
    r"\bspelt\b": "written, spelled",
    r"\bbehind the (?:body|last|deleted)\b": "after",
    r"\bexcuses? nothing\b": "has no effect",
    r"\bmade of the key\b": "made from the key, contains the key",
}


def module_names(path: Path) -> Iterator[str]:
    """Yield the classes and the type aliases that a module defines at its top level."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (each.id for each in targets if isinstance(each, ast.Name) and is_type_name(each.id))


def is_type_name(name: str) -> bool:
    bare = name.lstrip("_")
    return bare[:1].isupper() and not (len(bare) > 1 and bare.isupper()) and "_" not in bare.replace("_co", "")


@cache
def written_by_hand() -> list[Path]:
    """Return the files whose words are ours: code, scripts, pages, TOML; not generated ones, and not the changelog."""
    code = [path for top in ("src", "tests", "tools", "benchmarks") for path in (ROOT / top).rglob("*.py")]
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "conformance/README.md"]
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file()]
    tables = [path for top in ("schemas", "tests", "conformance") for path in (ROOT / top).rglob("*.toml")]
    others = [ROOT / "pyproject.toml", *ROOT.glob("schemas/*/reference.md"), *tables]
    kept = {ROOT / "CHANGELOG.md", ROOT / "conformance/kill-matrix.toml", Path(__file__)}
    return sorted(path for path in {*code, *pages, *scripts, *others} - kept if "node_modules" not in path.parts)


@cache
def texts() -> dict[str, str]:
    """Return the text of each file by its path in the checkout."""
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in written_by_hand()}


def test_each_class_and_type_alias_has_a_name_of_its_own() -> None:
    places = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in module_names(path):
            places[name].append(str(path.relative_to(PACKAGE)))
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert {name: where for name, where in twice.items() if name not in SHARED_NAMES} == {}
    assert SHARED_NAMES.keys() <= twice.keys(), "an exception that is not needed any more"


@pytest.mark.parametrize("phrase", OLD_STYLE, ids=OLD_STYLE.values())
def test_no_phrase_of_the_old_style_is_left(phrase: str) -> None:
    pattern = re.compile(phrase.replace(" ", r"\s+(?:#\s+)?"), re.IGNORECASE)
    found = []
    for path, text in texts().items():
        lines = [text.count("\n", 0, match.start()) + 1 for match in pattern.finditer(text)]
        found += [f"{path}:{line}" for line in lines]
    assert found == [], f"write: {OLD_STYLE[phrase]}"


def test_every_table_that_is_written_by_hand_is_read() -> None:
    assert {"pyproject.toml", "conformance/requirements.toml", "schemas/2020-09/errata.toml"} <= texts().keys()


def test_a_phrase_is_found_across_the_lines_of_a_comment() -> None:
    pattern = re.compile(r"\bso many\b".replace(" ", r"\s+(?:#\s+)?"))
    assert pattern.search("# there are so\n    # many of them")
