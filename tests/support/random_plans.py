"""Random plans, whole ones and slightly broken ones, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

_NAMES = (
    "a", "b", "c", "users", "flips", "é", "schema/one", "a/b/c", "foo-3", "foo.3x", "_x", "x_",
    "v1.0-1b", "12a", "日本", "a b", "+x", "x+", "a~2", "a^b", "x=1", "a%b", "HEAD", "ROOT", "head",
    "0", "x:y", "a[b", "x\u0301", "😀x", "x😀", "a,b", "a!", "b" * 40, "f" * 40 + "x",
    "ß.x", "x\u0663",
)  # fmt: skip
_GOOD = 15
_TAGS = ("v1", "v2", "v1.0", "v1.0.0-dev1", "rc-1a", "é", "t/x", "HEAD", "x+", "w", "z", "y")
_BAD_DEPENDENCIES = (
    "nope", "a@nope", "x+", "@HEAD", "a^", "!", "@", "a,b", ":a", "!!a",
)  # fmt: skip
_PLANNERS = (
    "Ada Lövelace <ada@example.com>", "A <a@x>", "Ada  L   <x y>", "\tA > B <b>", "Ł <é@x>",
)  # fmt: skip
_BAD_PLANNERS = ("Ada", "<a@x>", "Ada<a@x>", "Ada <>", "Ada <a@x> b", "", "Ada <a@x>>")
_BAD_DATES = (
    "2020-02-30T00:00:00Z", "2020-13-01T00:00:00Z", "2020-01-01T24:00:00Z", "2020-1-01T00:00:00Z",
    "2020-01-01 00:00:00Z", "2020-01-01T00:00:61Z", "2016-12-31T23:59:60Z", "",
)  # fmt: skip
_NOTES = (
    "", "", "", " # note", "# note", "  #  two  blanks  ", " # a\\nb\\\\n\\r\\q\\", " # a # b",
    " #", " #\u00a0x\u2003", " # 0", " # ünï 日本", "\u00a0# nbsp", " # [x] @v1 %p",
    " # \\", "\t#\ttab\t", " #\x1f odd \x1c", " # \x85 \u2028x\x0b",
)  # fmt: skip
_URIS = (
    "https://example.com", "HTTPS://Ex.com:443/a?b", "urn:X:Y", "foo:bar", "http://é.com/ü", "x",
    "https://x/%7e%c3", "0", "git:A@b.c:d", "https://u@H:8080/p?q=r",
    "http://Straße.ÉCOLE.de.:80", "ssh://\u200bx/y", "ftp://a..é/",
)  # fmt: skip
_BLANKS = (" ", "  ", "\t", "\u00a0", "\u2003", " \t ")
_NOISE = "#@%[]!:+-<>=^~/\\ \t\r\u00a0\u3000\u200b\x0b\x0c\x1c\x1f\x85\u2028\u180e\ufeffaZ0_é😀.,"


@dataclass(frozen=True, slots=True)
class RandomPlan:
    """The bytes of a plan, and what to do with it when it can be read."""

    seed: int
    data: bytes
    tasks: list[dict[str, Any]] = field(default_factory=list)


def random_plan(seed: int) -> RandomPlan:
    """The plan of that number; three of four can be read."""
    maker = _Maker(random.Random(seed))  # noqa: S311
    text = maker.plan()
    data = text.encode()
    if maker.chance(0.02):
        at = maker.choose.randrange(len(data) + 1)
        data = data[:at] + b"\xff" + data[at:]
    tasks = [{"do": "find", "key": maker.reference()} for _ in range(3)]
    return RandomPlan(seed, data, [*tasks, maker.edit()])


class _Maker:
    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        # A plan is careful or careless as a whole, so that many are without a mistake.
        self.carelessness = choose.choice([0, 0, 0, 0.01, 0.05])
        self.changes: list[str] = []
        self.section: list[str] = []
        self.tags: list[str] = []
        self.tagged: list[str] = []

    def chance(self, probability: float) -> bool:
        return self.choose.random() < probability

    def pick(self, good: tuple[str, ...], bad: tuple[str, ...]) -> str:
        return self.choose.choice(bad if self.chance(self.carelessness) else good)

    def plan(self) -> str:
        lines = self.head()
        for _ in range(self.choose.randint(0, 14)):
            lines.append(self.line())
        if self.chance(self.carelessness * 8):
            self.shuffle(lines)
        end = self.choose.choice(["\n", "\n", "\n", "\r\n"])
        text = end.join(lines) + self.choice_of_end(end)
        return self.garble(text) if self.chance(self.carelessness * 8) else text

    def choice_of_end(self, end: str) -> str:
        return self.choose.choice([end, end, end, ""])

    def head(self) -> list[str]:
        name = self.pick(("flipr", "p", "é-1x", "a/b"), ("a b", "x+", "0", "", "x:y", "HEAD"))
        lines = [f"%project={name}"]
        if self.chance(0.7):
            lines.insert(0, self.pick(("%syntax-version=1.0.0",), ("%syntax-version=2", "%x")))
        if self.chance(0.4):
            lines.append(f"%uri={self.choose.choice(_URIS)}")
        if self.chance(0.2):
            extra = ("# comment", "%other=x y", "% spaced = v # why", "  %flag", "\t# x")
            lines.insert(
                self.choose.randint(0, len(lines)), self.pick(extra, ("#", "%", "a b", "%+x=1"))
            )
        return [*lines, self.pick(("", "", " ", "\t"), ("a", "# x"))]

    def line(self) -> str:
        kind = self.choose.random()
        if kind < 0.08:
            return self.pick(("", "  ", "\t", "\u00a0"), ("\x0b", "\u200b", "#"))
        if kind < 0.14:
            return self.pick(("# comment", "  #x\\ny", "#\ta # b", "# 0"), ("#", "# ", "x # y"))
        stamp = self.stamp()
        left = self.choose.choice(["", "", "", "", " ", "\t", "\u3000"])
        note = self.choose.choice(_NOTES)
        if kind < 0.34 and (self.changes or self.chance(self.carelessness)):
            return f"{left}@{self.tag()}{self.gap()}{stamp}{note}"
        return f"{left}{self.operator()}{self.change()}{stamp}{note}"

    def tag(self) -> str:
        unused = tuple(tag for tag in _TAGS[:6] if tag not in self.tags) or (f"t{len(self.tags)}",)
        name = self.pick(unused, (*_TAGS, *self.tags))
        self.tags.append(name)
        self.tagged += [f"{change}@{name}" for change in self.changes]
        self.section = []
        return name + (" [a]" if self.chance(self.carelessness) else "")

    def change(self) -> str:
        unused = tuple(name for name in _NAMES[:_GOOD] if name not in self.section) or ("zz",)
        name = self.pick(unused, _NAMES)
        dependencies = self.dependencies(name)
        self.section.append(name)
        self.changes.append(name)
        # A name that is followed by no blank still ends where the brackets begin.
        gap = self.pick((self.gap(),), ("", " - "))
        return f"{name}{gap}{dependencies}" if dependencies else f"{name}{self.gap()}"

    def dependencies(self, name: str) -> str:
        known = [each for each in self.changes if each != name]
        candidates = [*known, *(f"@{tag}" for tag in self.tags), "!q", "other:x", "!other:y@t"]
        candidates += [f"!{each}" for each in known] + ["other:@t", "!flipr:a", f"o:{'a' * 40}"]
        candidates += [each for each in self.tagged if not each.startswith(f"{name}@")]
        candidates += [f"flipr:{each}" for each in known[:2]]
        if self.chance(self.carelessness):
            candidates += [name, *_BAD_DEPENDENCIES]
        count = self.choose.choice([0, 0, 0, 1, 1, 2, 3])
        picked = self.choose.sample(list(dict.fromkeys(candidates)), k=min(count, len(candidates)))
        if not picked:
            return self.pick(("",), ("[]", "[ a]", "[a", "[0] "))
        inner = self.choose.choice([" ", " ", "  ", "\t"]).join(picked)
        return f"[{inner}{self.choose.choice(['', '', ' '])}]{self.choose.choice([' ', '', '  '])}"

    def operator(self) -> str:
        return self.choose.choice(["", "", "", "", "+", "-", "+ ", " - ", "-\t"])

    def gap(self) -> str:
        return self.choose.choice(_BLANKS) if self.chance(0.2) else " "

    def stamp(self) -> str:
        pick = self.choose.randint
        day = f"20{pick(10, 29)}-{pick(1, 12):02}-{pick(1, 28):02}"
        good = f"{day}T{pick(0, 23):02}:04:{pick(0, 59):02}Z"
        date = self.pick((good,), _BAD_DATES)
        space = self.choose.choice([" ", " ", " ", "", "  ", "\u00a0"])
        return f"{date}{space}{self.pick(_PLANNERS, _BAD_PLANNERS)}"

    def shuffle(self, lines: list[str]) -> None:
        """Moves, doubles or takes out one line."""
        at = self.choose.randrange(len(lines))
        line = lines.pop(at)
        for _ in range(self.choose.choice([0, 1, 2])):
            lines.insert(self.choose.randint(0, len(lines)), line)

    def garble(self, text: str) -> str:
        """Takes a character out, or puts one in."""
        at = self.choose.randrange(len(text) + 1)
        if self.chance(0.4):
            return text[:at] + text[at + 1 :]
        return text[:at] + self.choose.choice(_NOISE) + text[at:]

    def reference(self) -> str:
        names = [*self.changes, *(f"@{tag}" for tag in self.tags), "HEAD", "@ROOT", "nope", "@nope"]
        tags = ["", "", *(f"@{tag}" for tag in self.tags), "@HEAD", "@ROOT", "@nope"]
        name = self.choose.choice(names)
        tag = "" if name.startswith("@") else self.choose.choice(tags)
        return f"{name}{tag}{self.choose.choice(['', '', '', '^', '~', '^^', '~2', '^3', '~0'])}"

    def edit(self) -> dict[str, Any]:
        kind = self.choose.choice(["add", "rework", "tag", "part"])
        if kind == "part":
            ends = {"from": self.reference(), "to": self.reference()}
            left_out = self.choose.choice(["from", "to", ""])
            return {"do": kind} | {end: key for end, key in ends.items() if end != left_out}
        note = self.choose.choice(["", "n", " a\\nb ", "x\n\ny", "0", "\\\\ # é", "  "])
        if kind == "tag":
            name = self.choose.choice([*_TAGS, *self.tags, "@new"])
            change = {"change": self.reference()} if self.chance(0.5) else {}
            return {"do": kind, "name": name, "note": note} | change
        known = [*self.changes, "nope"]
        name = self.choose.choice([*_NAMES, *known] if kind == "add" else known)
        candidates = [*known, *(f"@{tag}" for tag in self.tags), "o:x", "flipr:a", "a@nope", "x+"]
        return {
            "do": kind,
            "name": name,
            "requires": self.choose.sample(candidates, k=self.choose.choice([0, 0, 1, 2])),
            "conflicts": self.choose.sample(candidates, k=self.choose.choice([0, 0, 1])),
            "note": note,
        }
