"""Compares what Kafka's tools said of Klamm and of Kafka, call by call.

`rules` says what may differ everywhere, `expected-differences` what differs for a reason in one call. A difference that
nothing explains fails, and so does an explanation of a difference that is no more.
"""

import difflib
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent

# Calls that list what a broker knows: only what both know is compared, under the name that the pattern finds. What Klamm
# serves and which settings it has is said, and tested, in docs/reference.
LISTINGS = {
    "api-versions": re.compile(r"^out: \s*(\w+)\(\d+\): \d"),
    "config-broker-describe-all": re.compile(r"^out:\s+([\w.]+)="),
    "features": re.compile(r"^out: Feature: ([\w.]+)"),
    "config-describe-all": re.compile(r"^out:\s+([\w.]+)="),
}


def rules():
    """What is replaced before the comparison: the calls, the pattern and what stands for it."""
    for line in (HERE / "rules").read_text().splitlines():
        if line and not line.startswith("#"):
            calls, rule = line.split(": ", 1)
            pattern, word = re.split(" => ?", rule)
            yield re.compile(calls), re.compile(pattern), word


def normal(call, text, changes):
    """The lines of an answer after the rules; sorted but for records, as a listing comes in no order that a broker promises."""
    lines = text.splitlines()
    for calls, pattern, word in changes:
        if calls.fullmatch(call):
            lines = [pattern.sub(word, line) for line in lines]
            lines = "\n".join(lines).splitlines()
    lines = [" ".join(line.split()) for line in lines if line.strip()]
    return lines if call.startswith("codec-") else sorted(lines)


def both_know(call, kafka, klamm):
    """Of a listing, the lines with a name that the other broker's listing has, too."""
    pattern = LISTINGS.get(call)
    if pattern is None:
        return kafka, klamm
    names = [{found[1] for line in lines if (found := pattern.match(line))} for lines in (kafka, klamm)]
    common = names[0] & names[1]
    if not common:
        sys.exit(f"{call}: the brokers' listings have no name in common")
    return [[line for line in lines if (found := pattern.match(line)) and found[1] in common] for lines in (kafka, klamm)]


def expected():
    """What `expected-differences` says: the lines of each call's difference."""
    calls, call = {}, None
    for line in (HERE / "expected-differences").read_text().splitlines():
        if line.startswith("== "):
            call = line[3:]
            if call in calls:
                sys.exit(f"expected-differences names {call} twice")
            calls[call] = []
        elif line.startswith(("- ", "+ ")):
            calls[call].append(line)
    return calls


def difference(kafka, klamm):
    """Lines that only Kafka's answer has (-) and lines that only Klamm's has (+)."""
    changed = list(difflib.unified_diff(kafka, klamm, lineterm="", n=0))[2:]
    return [f"{sign} {line[1:]}" for sign in "-+" for line in changed if line[0] == sign]


def main(answers):
    known, changes, failed = expected(), list(rules()), 0
    names = sorted({path.name for path in answers.glob("k*/*")})
    for call in names:
        kafka, klamm = both_know(call, *(normal(call, (answers / whose / call).read_text(), changes) for whose in ("kafka", "klamm")))
        found = difference(kafka, klamm)
        if found != known.pop(call, []):
            failed += 1
            print(f"== {call}", *found, sep="\n")
    for call in known:
        failed += 1
        print(f"expected-differences names a call that wasn't made: {call}")
    if failed:
        sys.exit(f"Kafka's tools: {failed} of {len(names)} calls say of Klamm what they don't say of Kafka (-: only Kafka, +: only Klamm)")
    print(f"Kafka's tools: {len(names)} calls: as with Kafka, or as expected-differences says")


main(pathlib.Path(sys.argv[1]))
