"""Validates contacts with typed structs of msgspec and puts them into request bodies with equal field sets.

    python msgspec_structs.py contacts.ndjson

The rules are written by hand as types. Python's patterns know no Unicode categories: the marks that belong to letters
are not taken in names, and the rules about words of a name are left out. Of language tags only the form is checked, time
zones not at all. Nothing is repaired or pruned. A line that is valid is copied into the body as it stands.
"""

import platform
import sys
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from request_bodies import Bodies

SIGNS = r"'`\u00B4\u2018\u2019\u201B\u2032\uFF07\-\u2010\u2011"
WORD = rf"[^\W_]+\.?(?:[{SIGNS}][^\W_]+\.?)*"
Name = Annotated[str, Meta(max_length=40, pattern=rf"^(?=.*[^\W\d_])(?!(?:.*\d){{4}}){WORD}(?: {WORD})*\Z")]
Uuid = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")]
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Filled = Annotated[str, Meta(min_length=1)]
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
Mailbox = Annotated[str, Meta(pattern=rf"^[\w!#$%&'*+/=?^`{{|}}~-]+(?:\.[\w!#$%&'*+/=?^`{{|}}~-]+)*@{LABEL}(?:\.{LABEL})*\Z")]
PhoneNumber = Annotated[str, Meta(pattern=r"^\+?[1-9][0-9]{6,14}\Z")]


class Strict(Struct, forbid_unknown_fields=True, gc=False):
    """No other members than those named."""


class Device(Strict):
    appId: Uuid | UnsetType = UNSET
    deviceModel: Annotated[str, Meta(max_length=50)] | UnsetType = UNSET
    os: str | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    clientVersion: str | UnsetType = UNSET
    appVersion: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class Subscription(Strict):
    appId: Int32 | UnsetType = UNSET
    userAgent: str | UnsetType = UNSET
    userAgentVersion: str | UnsetType = UNSET
    userAgentLanguage: str | UnsetType = UNSET
    os: str | UnsetType = UNSET
    ip: str | UnsetType = UNSET
    subscriptionPage: str | UnsetType = UNSET
    swActiveVersion: str | UnsetType = UNSET


class Email(Strict, tag_field="type", tag="email"):
    value: Mailbox


class Sms(Strict, tag_field="type", tag="sms"):
    value: PhoneNumber


class Viber(Strict, tag_field="type", tag="viber"):
    value: PhoneNumber


class MobilePush(Strict, tag_field="type", tag="mobilepush"):
    value: Filled
    device: Device | UnsetType = UNSET


class WebPush(Strict, tag_field="type", tag="webpush"):
    value: Filled
    webPushSubscription: Subscription | UnsetType = UNSET


class AppInbox(Strict, tag_field="type", tag="appinbox"):
    value: Filled


class Widget(Strict, tag_field="type", tag="widget"):
    value: Filled


class InApp(Strict, tag_field="type", tag="inapp"):
    value: Filled


class Address(Strict):
    region: str | UnsetType = UNSET
    town: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    postcode: str | UnsetType = UNSET


class CustomField(Strict):
    id: Int32
    value: Annotated[str, Meta(max_length=5000)]


Channel = Email | Sms | Viber | MobilePush | WebPush | AppInbox | Widget | InApp


class Contact(Strict):
    externalCustomerId: Annotated[str, Meta(pattern=r"^\S(?:[\s\S]*\S)?\Z")]
    channels: Annotated[list[Channel], Meta(min_length=1)]
    firstName: Name | UnsetType = UNSET
    lastName: Name | UnsetType = UNSET
    address: Address | UnsetType = UNSET
    fields: list[CustomField] | UnsetType = UNSET
    addressBookId: Int32 | UnsetType = UNSET
    id: Int64 | UnsetType = UNSET
    contactKey: Filled | UnsetType = UNSET
    languageCode: Annotated[str, Meta(pattern=r"^[A-Za-z]{2}(?:-[A-Za-z0-9]{2,8})*\Z")] | UnsetType = UNSET
    timeZone: str | UnsetType = UNSET


CHANNEL_TYPES = {channel: channel.__struct_config__.tag for channel in Channel.__args__}
ADDRESS_PARTS = Address.__struct_fields__


def main(path):
    parse = msgspec.json.Decoder(Contact).decode
    bodies = Bodies(sys.stdout.buffer)
    with open(path, "rb") as lines:
        for line in lines:
            line = line.strip()
            if not line:
                continue
            try:
                contact = parse(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                bodies.rejected += 1
                continue
            names = ["externalCustomerId"]
            if contact.firstName is not UNSET:
                names.append("firstName")
            if contact.lastName is not UNSET:
                names.append("lastName")
            if contact.contactKey is not UNSET:
                names.append("contactKey")
            if contact.languageCode is not UNSET:
                names.append("languageCode")
            if contact.timeZone is not UNSET:
                names.append("timeZone")
            names.extend([CHANNEL_TYPES[type(channel)] for channel in contact.channels])
            address = ()
            if contact.address is not UNSET:
                address = [part for part in ADDRESS_PARTS if getattr(contact.address, part) is not UNSET]
            custom = () if contact.fields is UNSET else [field.id for field in contact.fields]
            bodies.add(line, names, address, custom)
    bodies.finish()


if sys.argv[1] == "--versions":
    print(f"Python {platform.python_version()}, msgspec {msgspec.__version__}")
else:
    main(sys.argv[1])
