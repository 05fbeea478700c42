"""Reads the messages of the example `built_messages` with Python's `email`.

    python3 read_back.py DIR

Compares each with `expected.json`, prints `python: 200 of 200`, and exits with 1 on a difference.
"""

import email
import email.policy
import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path

# Differences that are the reader's own: its name, the reason, and the form in which both sides are
# compared. The number of messages that need one is printed.
QUIRKS = [
    (
        "spaces-of-names",
        "Python keeps the space between two encoded words of a name (against RFC 2047 section 6.2) "
        "and shortens runs of spaces inside them",
        ("from", "reply_to", "to", "cc"),
        lambda boxes: [(re.sub(r"\s", "", box["name"]), box["address"]) for box in boxes],
    ),
    (
        "words-in-quotes",
        "file names have encoded words in quotes (against RFC 2047 section 5) for old programs",
        ("defects",),
        lambda defects: [d for d in defects if d not in WORDS_IN_QUOTES],
    ),
]
WORDS_IN_QUOTES = (
    "Content-Type: InvalidHeaderDefect('encoded word inside quoted string')",
    "Content-Type: InvalidHeaderDefect('missing trailing whitespace after encoded-word')",
)


def mailboxes(message, name):
    field = message[name]
    if field is None:
        return []
    return [{"name": a.display_name, "address": a.addr_spec} for a in field.addresses]


def ids(message, name):
    return re.findall(r"<([^>]*)>", message[name] or "")


def leaves(message):
    return [part for part in message.walk() if not part.is_multipart()]


def text(part):
    octets = part.get_payload(decode=True)
    return octets.decode("utf-8").replace("\r\n", "\n").rstrip("\n")


def attachment(part):
    octets = part.get_payload(decode=True)
    content_id = part["Content-ID"]
    return {
        "name": part.get_filename(),
        "media_type": part.get_content_type(),
        "size_bytes": len(octets),
        "sha256": hashlib.sha256(octets).hexdigest(),
        "content_id": content_id and content_id.strip("<>"),
        "is_inline": part.get_content_disposition() == "inline",
    }


def read(octets):
    message = email.message_from_bytes(octets, policy=email.policy.default)
    parts = leaves(message)
    forms = [p for p in parts if p.get_content_disposition() is None]
    by_type = {p.get_content_type(): p for p in forms}
    defects = [repr(d) for part in message.walk() for d in part.defects]
    for part in message.walk():
        for name, value in part.items():
            defects += [f"{name}: {d!r}" for d in value.defects]
    found = {
        "subject": message["Subject"],
        "from": mailboxes(message, "From"),
        "reply_to": mailboxes(message, "Reply-To"),
        "to": mailboxes(message, "To"),
        "cc": mailboxes(message, "Cc"),
        "message_id": ids(message, "Message-ID")[0],
        "in_reply_to": next(iter(ids(message, "In-Reply-To")), None),
        "references": ids(message, "References"),
        "unix_secs": int(message["Date"].datetime.timestamp()),
        "is_flowed": by_type["text/plain"].get_param("format") == "flowed",
        "text": text(by_type["text/plain"]),
        "html": text(by_type["text/html"]) if "text/html" in by_type else None,
        "calendar": text(by_type["text/calendar"]) if "text/calendar" in by_type else None,
        "attachments": [attachment(p) for p in parts if p.get_content_disposition()],
        "defects": defects,
    }
    if message["Bcc"] is not None:
        found["defects"].append("Bcc")
    return found


def wanted(expected):
    """Without the line ends at the end of texts."""
    out = {key: value for key, value in expected.items() if key not in ("file", "joined_text", "size_bytes")}
    for key in ("text", "html", "calendar"):
        if out[key] is not None:
            out[key] = out[key].rstrip("\n")
    out["defects"] = []
    return out


def main(folder):
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    right = 0
    needed = Counter()
    for each in expected:
        name = each["file"]
        found, want = read((folder / name).read_bytes()), wanted(each)
        unknown = 0
        for key in want:
            if found[key] == want[key]:
                continue
            quirks = [q for q in QUIRKS if key in q[2] and q[3](found[key]) == q[3](want[key])]
            if quirks:
                needed[quirks[0][:2]] += 1
                continue
            unknown += 1
            print(f"{name}: {key}\n  wanted {want[key]!r}\n  found  {found[key]!r}")
        right += unknown == 0
    for (quirk, reason), count in needed.items():
        print(f"known: {quirk}: {count} fields: {reason}")
    print(f"python: {right} of {len(expected)}")
    return 0 if right == len(expected) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
