// Validates contacts with ajv and puts them into request bodies of at most 3000 with equal field sets.
//
//     COMPARE_NODE_FOLDER=bench-data/peers/node node ajv.mjs contacts.ndjson
//
// The rules are those of schemas/contact.schema.json with their formats. Its x- keywords mean nothing here: nothing is
// repaired or pruned. A line that is valid is copied into the body as it stands.

import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";

// The packages are not beside this file; without a folder they are looked for here.
const require = createRequire(join(process.env.COMPARE_NODE_FOLDER ?? import.meta.dirname, "/"));
const Ajv = require("ajv/dist/2020").default;
const addFormats = require("ajv-formats").default;

const STANDARD_FIELDS = [
  "firstName", "lastName", "contactKey", "languageCode", "timeZone", "email", "sms", "mobilepush", "webpush",
  "address", "town", "region", "postcode", "externalCustomerId",
];
const MOST_CONTACTS = 3000;
const READ_BYTES = 1 << 20;

function validator() {
  const ajv = new Ajv({ strict: false });
  addFormats(ajv);
  const timeZones = new Map();
  ajv.addFormat("time-zone", (text) => {
    let known = timeZones.get(text);
    if (known === undefined) {
      try {
        known = Boolean(new Intl.DateTimeFormat("en", { timeZone: text }));
      } catch {
        known = false;
      }
      timeZones.set(text, known);
    }
    return known;
  });
  ajv.addFormat("language-tag", /^[A-Za-z]{2}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?(?:-[A-Za-z0-9]{5,8})*$/);
  const schema = new URL("../../../schemas/contact.schema.json", import.meta.url);
  return ajv.compile(JSON.parse(readFileSync(schema, "utf8")));
}

// Standard fields in the order of the API, and ids of custom fields, ascending.
function fieldSet(contact) {
  const carried = new Set();
  for (const name in contact) if (name !== "address") carried.add(name);
  for (const channel of contact.channels) carried.add(channel.type);
  for (const part in contact.address ?? {}) carried.add(part);
  const custom = [...new Set((contact.fields ?? []).map((field) => field.id))].sort((one, other) => one - other);
  return { standard: STANDARD_FIELDS.filter((name) => carried.has(name)), custom };
}

// What tells field sets apart, without sorting anything.
function carriedBy(contact) {
  let carried = "";
  for (const name in contact) carried += name + " ";
  for (const channel of contact.channels) carried += channel.type + " ";
  for (const part in contact.address ?? {}) carried += "/" + part + " ";
  for (const field of contact.fields ?? []) carried += field.id + " ";
  return carried;
}

function* linesOf(path) {
  const file = openSync(path, "r");
  let buffer = Buffer.alloc(READ_BYTES);
  let held = 0;
  for (;;) {
    if (held === buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(buffer.length)]);
    const read = readSync(file, buffer, held, buffer.length - held, null);
    const end = held + read;
    let start = 0;
    let next;
    while ((next = buffer.indexOf(10, start)) !== -1 && next < end) {
      yield buffer.utf8Slice(start, next);
      start = next + 1;
    }
    if (read === 0) {
      if (start < end) yield buffer.utf8Slice(start, end);
      closeSync(file);
      return;
    }
    buffer.copy(buffer, 0, start, end);
    held = end - start;
  }
}

function main(path) {
  const isValid = validator();
  const sets = new Map();
  const known = new Map();
  let written = 0;
  let rejected = 0;
  const write = (set) => {
    let tail = `],"dedupeOn":"externalCustomerId","contactFields":${JSON.stringify(set.standard)}`;
    if (set.custom.length > 0) tail += `,"customFieldsIDs":${JSON.stringify(set.custom)}`;
    const body = Buffer.from(`{"contacts":[${set.contacts.join(",")}${tail}}\n`);
    for (let from = 0; from < body.length; ) from += writeSync(1, body, from);
    written += set.contacts.length;
    set.contacts.length = 0;
  };
  for (const line of linesOf(path)) {
    if (line.trim() === "") continue;
    let contact;
    try {
      contact = JSON.parse(line);
    } catch {
      rejected += 1;
      continue;
    }
    if (!isValid(contact) || contact.externalCustomerId === undefined) {
      rejected += 1;
      continue;
    }
    const carried = carriedBy(contact);
    let set = known.get(carried);
    if (set === undefined) {
      const fields = fieldSet(contact);
      const name = JSON.stringify(fields);
      set = sets.get(name) ?? { ...fields, contacts: [] };
      sets.set(name, set);
      known.set(carried, set);
    }
    set.contacts.push(line);
    if (set.contacts.length === MOST_CONTACTS) write(set);
  }
  for (const set of sets.values()) if (set.contacts.length > 0) write(set);
  process.stderr.write(`contacts ${written}, rejected ${rejected}\n`);
}

if (process.argv[2] === "--versions") {
  const version = (name) => require(`${name}/package.json`).version;
  console.log(`Node ${process.version}, ajv ${version("ajv")}, ajv-formats ${version("ajv-formats")}`);
} else {
  main(process.argv[2]);
}
