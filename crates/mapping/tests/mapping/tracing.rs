//! Where each member of a contact came from.

use mapping::{Apps, MappingOptions};
use ndjson::Parser;

use super::{columns, map, map_row, mapper, preset};

const MAPPING: &str = r#"
    [contact]
    externalCustomerId = ["uid", "/user/id"]
    languageCode = { from = "lang", normalize = ["trim", "locale"], values = { en-GB = "en" } }
    address.town = "town"
    [[field]]
    id = 9
    value = { from = "tags", json = "/plan" }
    [[channel]]
    type = "mobilepush"
    each = "/tokens"
    value = "./t"
    device.os = { constant = "iOS" }
    inactive = [{ reason = "off", when = { "./on" = false } }]
    [[channel]]
    type = "email"
    value = "mail"
"#;

const RECORD: &str = r#"{"user":{"id":5,"x":[1,2]},"lang":" en_UK","town":"Lviv","tags":"{\"plan\":\"gold\"}","more":{"a":null,"b":[{"c":1}]},
    "tokens":[{"t":"t0","on":false,"z":1},{"t":"t1","z":2}],"mail":"a@b.c"}"#;

fn options() -> MappingOptions {
    let apps = Apps { any: Some("APP".to_owned()), ..Apps::default() };
    MappingOptions { apps, ..MappingOptions::default() }
}

#[test]
fn each_member_has_its_place_and_what_was_done() {
    let mut mapper = mapper(MAPPING, options());
    let trace = Parser::new()
        .parse(RECORD.as_bytes(), |tape| mapper.trace_record(tape))
        .expect("what the test makes is sound");
    let lines: Vec<_> = trace
        .lines
        .iter()
        .map(|line| (&*line.member, &*line.value, line.place.as_deref(), line.pointer.as_deref(), &*line.how))
        .collect();
    assert_eq!(
        lines,
        [
            ("/externalCustomerId", "5", Some("/user/id"), Some("/user/id"), ""),
            ("/languageCode", "en", Some("lang"), Some("/lang"), "normalised by trim, locale, by the table"),
            ("/address/town", "Lviv", Some("town"), Some("/town"), ""),
            ("/fields/0/id", "9", None, None, "constant"),
            ("/fields/0/value", "gold", Some("tags"), Some("/tags"), "json /plan"),
            ("/channels/0/type", "mobilepush", None, None, "constant"),
            ("/channels/0/value", "t1", Some("./t"), Some("/tokens/1/t"), ""),
            ("/channels/0/device/appId", "APP", None, None, "--app-id"),
            ("/channels/0/device/os", "iOS", None, None, "constant"),
            ("/channels/1/type", "email", None, None, "constant"),
            ("/channels/1/value", "a@b.c", Some("mail"), Some("/mail"), ""),
        ]
    );
    assert_eq!(trace.unused, ["/user/x", "/more/b/0/c", "/tokens/0/z", "/tokens/1/z"]);
    // A trace says of the same contact.
    let outcome = map(&mut mapper, RECORD);
    assert_eq!(
        String::from_utf8(trace.contact.clone()).expect("what the test makes is sound"),
        outcome.contact
    );
    assert_eq!(trace.mapped, outcome.mapped);
    // And every line of it is there.
    let contact: serde_json::Value =
        serde_json::from_slice(&trace.contact).expect("what the test makes is sound");
    for line in &trace.lines {
        let member = contact.pointer(&line.member).unwrap_or_else(|| panic!("{} is not there", line.member));
        let text = member.as_str().map_or_else(|| member.to_string(), str::to_owned);
        assert_eq!(text, line.value, "{}", line.member);
    }
}

#[test]
fn pointers_into_the_contact_lead_back_into_the_record() {
    let mut mapper = mapper(MAPPING, options());
    let trace = Parser::new()
        .parse(RECORD.as_bytes(), |tape| mapper.trace_record(tape))
        .expect("what the test makes is sound");
    for (contact, record) in [
        ("/externalCustomerId", "/user/id"),
        ("/address/town", "/town"),
        ("/fields/0", "/tags"),
        ("/fields/0/id", ""),
        ("/channels/0", "/tokens/1/t"),
        ("/channels/0/value", "/tokens/1/t"),
        ("/channels/0/value/deeper", "/tokens/1/t"),
        ("/channels/0/type", ""),
        ("/channels/0/device", "/tokens/1/t"),
        ("/channels/0/device/os", ""),
        ("/channels/10", ""),
        ("/channels", ""),
        ("/firstName", ""),
        ("", ""),
    ] {
        assert_eq!(trace.pointer_of(contact), record, "{contact}");
    }
}

#[test]
fn cells_have_pointers_too() {
    let mut mapper = preset("pinpoint", MappingOptions::default());
    let header = "ChannelType,Address,User.UserId,Attributes.Team,Extra,a/b";
    let row = ["EMAIL", "a@b.c", "u1", "Giants", " ", "x"];
    let bound = mapper.bind(&columns(header));
    let trace = mapper.trace_row(&bound, |column| row.get(column).copied());
    assert_eq!(trace.pointer_of("/channels/0/value"), "/Address");
    assert_eq!(trace.pointer_of("/externalCustomerId"), "/User.UserId");
    assert_eq!(trace.lines[0].place.as_deref(), Some("/User/UserId"));
    assert_eq!(trace.unused, ["/Attributes.Team", "/a~1b"]);
    assert_eq!(trace.mapped, map_row(&mut mapper, header, &row).mapped);
}

#[test]
fn of_repeated_columns_the_filled_one_is_pointed_at() {
    let mut mapper = mapper(
        "[[channel]]\ntype = 'sms'\nvalue = 'p'\ninactive = [{ reason = 'x', when = { q = 1 } }]",
        MappingOptions::default(),
    );
    assert_eq!(map_row(&mut mapper, "p,p,q", &["", "1", "1"]).told(), [("x", "/p")]);
}
