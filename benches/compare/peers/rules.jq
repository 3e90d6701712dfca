# Validates contacts and puts them into request bodies of at most 3000 with equal field sets, for jq and jaq:
#
#     jq -c -n -f rules.jq contacts.ndjson
#
# The rules are those of schemas/contact.schema.json, written by hand. Of time zones and language tags only the form is
# checked, as there are no tables of them here; what a letter is, is said by ranges; nothing is repaired or pruned, and x- keywords mean nothing.

def only($names): (keys - $names) == [];
def is_text: type == "string";
def is_int32: type == "number" and . == floor and . >= -2147483648 and . <= 2147483647;
def is_int64: type == "number" and . == floor and . >= -9223372036854775808 and . <= 9223372036854775807;

# Whether a member, if it is there, is as it should be.
def has_good(name; rule): (has(name) | not) or (.[name] | rule);

# Letters of the basic plane, and the marks that belong to them, by the ranges of their blocks: the expressions of jaq
# know no Unicode categories.
def letter: "A-Za-z\u00AA\u00B5\u00BA\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u1FFF\u2C00-\u2DFF\u3005-\u3007\u3040-\uA4FF\uA500-\uABFF\uAC00-\uD7A3\uF900-\uFDFF\uFE70-\uFEFC\uFF21-\uFF3A\uFF41-\uFF5A\uFF66-\uFFDC";
def apostrophe: "'`\u00B4\u2018\u2019\u201B\u2032\uFF07";
def hyphen: "\\-\u2010\u2011";
def sign: apostrophe + hyphen;

def is_person_name:
    is_text and length <= 40
    and test("\\A[" + letter + "0-9 ." + sign + "]*\\z")
    and test("\\A[^ " + sign + "]+(?:[ " + sign + "][^ " + sign + "]+)*\\z")
    and test("\\A(?:[^. " + hyphen + "]*[ " + hyphen + "]|(?:[^ ." + sign + "][" + apostrophe + "]*){1,3}\\.(?:[ " + hyphen + "]|\\z))*[^.]*\\z")
    and test("\\A(?:[^0-9]*[0-9]){0,3}[^0-9]*\\z")
    and test("[" + letter + "]");

# How many letters each word has.
def letters_of_words: split(" ") | map(gsub("[.0-9" + sign + "]"; "") | length);

def is_first_name:
    is_person_name
    and (letters_of_words | (map(select(. > 3)) | length) <= 3 and (map(select(. >= 1 and . <= 3)) | length) <= 3);

def is_address: type == "object" and only(["region", "town", "address", "postcode"]) and all(.[]; is_text);

def is_email:
    test("\\A[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*\\z");

def is_uuid: is_text and test("\\A[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\\z");

def is_device:
    type == "object"
    and only(["appId", "deviceModel", "os", "locale", "clientVersion", "appVersion", "active"])
    and has_good("appId"; is_uuid)
    and has_good("deviceModel"; is_text and length <= 50)
    and has_good("os"; is_text)
    and has_good("locale"; is_text)
    and has_good("clientVersion"; is_text)
    and has_good("appVersion"; is_text)
    and has_good("active"; type == "boolean");

def is_subscription:
    type == "object"
    and only(["appId", "userAgent", "userAgentVersion", "userAgentLanguage", "os", "ip", "subscriptionPage", "swActiveVersion"])
    and has_good("appId"; is_int32)
    and all(to_entries[] | select(.key != "appId"); .value | is_text);

def is_channel:
    type == "object"
    and only(["type", "value", "device", "webPushSubscription"])
    and (.value | is_text and . != "")
    and (
        if .type == "email" then (.value | is_email)
        elif .type == "sms" or .type == "viber" then (.value | test("\\A\\+?[1-9][0-9]{6,14}\\z"))
        elif .type == "mobilepush" or .type == "webpush" then true
        elif .type == "appinbox" or .type == "widget" or .type == "inapp" then true
        else false
        end
    )
    and ((has("device") | not) or (.type == "mobilepush" and (.device | is_device)))
    and ((has("webPushSubscription") | not) or (.type == "webpush" and (.webPushSubscription | is_subscription)));

def is_custom_field:
    type == "object"
    and only(["id", "value"])
    and (.id | is_int32)
    and (.value | is_text and length <= 5000);

def is_contact:
    type == "object"
    and only(["channels", "firstName", "lastName", "address", "fields", "addressBookId", "id", "externalCustomerId", "contactKey", "languageCode", "timeZone"])
    and (.channels | type == "array" and length >= 1 and all(.[]; is_channel))
    and (.externalCustomerId | is_text and test("\\A\\S(?:[\\s\\S]*\\S)?\\z"))
    and has_good("firstName"; is_first_name)
    and has_good("lastName"; is_person_name)
    and has_good("address"; is_address)
    and has_good("fields"; type == "array" and all(.[]; is_custom_field))
    and has_good("addressBookId"; is_int32)
    and has_good("id"; is_int64)
    and has_good("contactKey"; is_text and . != "")
    and has_good("languageCode"; is_text and test("\\A[A-Za-z]{2}(?:-[A-Za-z0-9]{2,8})*\\z"))
    and has_good("timeZone"; is_text and test("\\A[A-Za-z]+(?:/[A-Za-z0-9_+-]+)*\\z"));

def standard_fields:
    ((keys - ["address"]) + [.channels[].type] + ((.address // {}) | keys)) as $carried
    | ["firstName", "lastName", "contactKey", "languageCode", "timeZone", "email", "sms", "mobilepush", "webpush", "address", "town", "region", "postcode", "externalCustomerId"]
    | map(select(. as $name | any($carried[]; . == $name)));

def custom_fields: [(.fields // [])[].id] | unique;

def body:
    {contacts: .contacts, dedupeOn: "externalCustomerId", contactFields: .standard}
    + (if .custom == [] then {} else {customFieldsIDs: .custom} end);

foreach ((inputs | [.]), null) as $line (
    {open: {}, ready: [], written: 0, rejected: 0};
    if $line == null then
        .ready = [.open[] | select(.contacts != [])]
    elif ($line[0] | is_contact) then
        ($line[0] | standard_fields) as $standard
        | ($line[0] | custom_fields) as $custom
        | ([$standard, $custom] | tojson) as $set
        | .ready = []
        | .written += 1
        | .open[$set] = {standard: $standard, custom: $custom, contacts: ((.open[$set].contacts // []) + $line)}
        | if (.open[$set].contacts | length) == 3000 then
              .ready = [.open[$set]] | .open[$set].contacts = []
          else
              .
          end
    else
        .ready = [] | .rejected += 1
    end;
    (.ready[] | body),
    (if $line == null then "contacts \(.written), rejected \(.rejected)" | stderr | empty else empty end)
)
