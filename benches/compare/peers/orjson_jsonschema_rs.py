"""Validates contacts with jsonschema-rs and puts them into request bodies of at most 3000 with equal field sets.

    python orjson_jsonschema_rs.py contacts.ndjson

The rules are those of schemas/contact.schema.json with their formats. Its x- keywords mean nothing here: nothing is
repaired or pruned. A line that is valid is copied into the body as it stands, which is the fastest there is in Python.
"""

import importlib.metadata
import platform
import re
import sys
import zoneinfo
from pathlib import Path

import jsonschema_rs
import orjson

from request_bodies import Bodies

SCHEMA = Path(__file__).parents[3] / "schemas" / "contact.schema.json"
LANGUAGE_TAG = re.compile(r"[A-Za-z]{2}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-[A-Za-z0-9]{5,8})*")


def main(path):
    time_zones = frozenset(zoneinfo.available_timezones())
    validator = jsonschema_rs.Draft202012Validator(
        orjson.loads(SCHEMA.read_bytes()),
        validate_formats=True,
        formats={
            "time-zone": time_zones.__contains__,
            "language-tag": lambda text: LANGUAGE_TAG.fullmatch(text) is not None,
        },
        # The engine that does not go back; it knows all that the schema's patterns need.
        pattern_options=jsonschema_rs.RegexOptions(),
    )
    is_valid, parse = validator.is_valid, orjson.loads
    bodies = Bodies(sys.stdout.buffer)
    with open(path, "rb") as lines:
        for line in lines:
            line = line.strip()
            if not line:
                continue
            try:
                contact = parse(line)
            except orjson.JSONDecodeError:
                bodies.rejected += 1
                continue
            if is_valid(contact) and "externalCustomerId" in contact:
                types = [channel["type"] for channel in contact["channels"]]
                custom = [field["id"] for field in contact.get("fields", ())]
                bodies.add(line, (*contact, *types), contact.get("address", ()), custom)
            else:
                bodies.rejected += 1
    bodies.finish()


if sys.argv[1] == "--versions":
    print(f"Python {platform.python_version()}, orjson {orjson.__version__}, jsonschema-rs {importlib.metadata.version('jsonschema-rs')}")
else:
    main(sys.argv[1])
