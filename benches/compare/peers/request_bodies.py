"""Puts contacts with equal field sets into request bodies of at most 3000; for the scripts beside it."""

import sys

STANDARD_FIELDS = (
    "firstName", "lastName", "contactKey", "languageCode", "timeZone", "email", "sms", "mobilepush", "webpush",
    "address", "town", "region", "postcode", "externalCustomerId",
)  # fmt: skip
MOST_CONTACTS = 3000


class Bodies:
    """The bodies that are not full yet, by field set."""

    def __init__(self, out):
        self.out = out
        self.open = {}
        self.sets = {}
        self.written = 0
        self.rejected = 0

    def add(self, text, names, address, custom):
        """Adds a contact: its text, its members and types of channels, the members of its address, its custom fields."""
        carried = (tuple(names), tuple(address), tuple(custom))
        # Contacts with the same names in the same order are looked up at once.
        contacts = self.sets.get(carried)
        if contacts is None:
            contacts = self.sets[carried] = self.open.setdefault(field_set(*carried), [])
        contacts.append(text)
        if len(contacts) == MOST_CONTACTS:
            fields = field_set(*carried)
            self.write(fields, contacts)
            contacts.clear()

    def write(self, fields, contacts):
        """Writes one body on a line of its own."""
        standard, custom = fields
        self.written += len(contacts)
        tail = '],"dedupeOn":"externalCustomerId","contactFields":[' + ",".join(f'"{name}"' for name in standard) + "]"
        if custom:
            tail += ',"customFieldsIDs":[' + ",".join(map(str, custom)) + "]"
        self.out.write(b'{"contacts":[' + b",".join(contacts) + tail.encode() + b"}\n")

    def finish(self):
        """Writes what is left and says how much there was."""
        for fields, contacts in self.open.items():
            if contacts:
                self.write(fields, contacts)
        self.out.flush()
        print(f"contacts {self.written}, rejected {self.rejected}", file=sys.stderr)


def field_set(names, address, custom):
    """Standard fields in the order of the API, and ids of custom fields, ascending."""
    carried = {*names, *address}
    if "address" in names and "address" not in address:
        carried.discard("address")
    return tuple(name for name in STANDARD_FIELDS if name in carried), tuple(sorted(set(custom)))
