"""Checks contacts with SQL of DuckDB and puts them into request bodies of at most 3000 with equal field sets.

    python duckdb_sql.py contacts.ndjson

This is NOT the same job. DuckDB reads into columns: it coerces types, passes over unknown members, and what a contact
does not carry is written as null. Only some of the rules are checked.
"""

import platform
import sys

import duckdb

DEVICE = "STRUCT(appId VARCHAR, deviceModel VARCHAR, os VARCHAR, locale VARCHAR, clientVersion VARCHAR, appVersion VARCHAR, active BOOLEAN)"
COLUMNS = f"""{{
    externalCustomerId: 'VARCHAR', firstName: 'VARCHAR', lastName: 'VARCHAR',
    channels: 'STRUCT("type" VARCHAR, "value" VARCHAR, device {DEVICE})[]',
    address: 'STRUCT(region VARCHAR, town VARCHAR, address VARCHAR, postcode VARCHAR)',
    languageCode: 'VARCHAR', timeZone: 'VARCHAR', contactKey: 'VARCHAR',
    fields: 'STRUCT(id INTEGER, "value" VARCHAR)[]'
}}"""
NAME = r"""regexp_full_match({0}, '[\p{{L}}\p{{M}}\p{{Nd}} .''`´‘’‛′＇\-‐‑]*\p{{L}}[\p{{L}}\p{{M}}\p{{Nd}} .''`´‘’‛′＇\-‐‑]*') AND length({0}) <= 40"""
QUERY = f"""
WITH contacts AS (
    SELECT row_number() OVER () AS place, contact FROM read_json(
        ?, format = 'newline_delimited', columns = {COLUMNS}, ignore_errors = true) AS contact
), valid AS (
    SELECT place, contact,
        list_filter([
            CASE WHEN contact.firstName IS NOT NULL THEN 'firstName' END,
            CASE WHEN contact.lastName IS NOT NULL THEN 'lastName' END,
            CASE WHEN contact.contactKey IS NOT NULL THEN 'contactKey' END,
            CASE WHEN contact.languageCode IS NOT NULL THEN 'languageCode' END,
            CASE WHEN contact.timeZone IS NOT NULL THEN 'timeZone' END,
            CASE WHEN list_contains(list_transform(contact.channels, lambda c: c.type), 'email') THEN 'email' END,
            CASE WHEN list_contains(list_transform(contact.channels, lambda c: c.type), 'sms') THEN 'sms' END,
            CASE WHEN list_contains(list_transform(contact.channels, lambda c: c.type), 'mobilepush') THEN 'mobilepush' END,
            CASE WHEN list_contains(list_transform(contact.channels, lambda c: c.type), 'webpush') THEN 'webpush' END,
            CASE WHEN contact.address.address IS NOT NULL THEN 'address' END,
            CASE WHEN contact.address.town IS NOT NULL THEN 'town' END,
            CASE WHEN contact.address.region IS NOT NULL THEN 'region' END,
            CASE WHEN contact.address.postcode IS NOT NULL THEN 'postcode' END,
            'externalCustomerId'
        ], lambda name: name IS NOT NULL) AS standard,
        list_sort(list_distinct(list_transform(contact.fields, lambda field: field.id))) AS custom
    FROM contacts
    WHERE regexp_full_match(contact.externalCustomerId, '\\S(?:[\\s\\S]*\\S)?')
        AND (contact.firstName IS NULL OR {NAME.format("contact.firstName")})
        AND (contact.lastName IS NULL OR {NAME.format("contact.lastName")})
        AND (contact.languageCode IS NULL OR regexp_full_match(contact.languageCode, '[A-Za-z]{{2}}(?:-[A-Za-z0-9]{{2,8}})*'))
        AND len(contact.channels) >= 1
        AND list_bool_and(list_transform(contact.channels, lambda channel: CASE channel.type
            WHEN 'email' THEN regexp_full_match(channel.value, '[^@\\s<>]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)*')
            WHEN 'sms' THEN regexp_full_match(channel.value, '\\+?[1-9][0-9]{{6,14}}')
            WHEN 'viber' THEN regexp_full_match(channel.value, '\\+?[1-9][0-9]{{6,14}}')
            WHEN 'mobilepush' THEN len(channel.value) > 0 AND (channel.device.appId IS NULL OR regexp_full_match(
                channel.device.appId, '[0-9A-Fa-f]{{8}}(?:-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}}'))
                AND (channel.device.deviceModel IS NULL OR length(channel.device.deviceModel) <= 50)
            ELSE channel.type IN ('webpush', 'appinbox', 'widget', 'inapp') AND len(channel.value) > 0
        END))
), placed AS (
    SELECT *, (row_number() OVER (PARTITION BY standard, custom ORDER BY place) - 1) // 3000 AS body FROM valid
)
SELECT
    count(*),
    to_json({{
        contacts: list(contact ORDER BY place), dedupeOn: 'externalCustomerId', contactFields: standard,
        customFieldsIDs: custom
    }})
FROM placed GROUP BY standard, custom, body ORDER BY min(place)
"""


def main(path):
    connection = duckdb.connect(config={"threads": 2})
    written = 0
    rows = connection.execute(QUERY, [path])
    while row := rows.fetchone():
        written += row[0]
        sys.stdout.write(row[1] + "\n")
    sys.stdout.flush()
    print(f"contacts {written}", file=sys.stderr)


if sys.argv[1] == "--versions":
    print(f"Python {platform.python_version()}, DuckDB {duckdb.__version__}")
else:
    main(sys.argv[1])
