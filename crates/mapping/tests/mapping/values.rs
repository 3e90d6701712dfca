//! From what stands at a place to a member of the contact.

use mapping::MappingOptions;

use super::{id_from, id_of, map, map_row, mapper};

#[test]
fn texts_and_the_digits_of_numbers_go_through_unchanged() {
    for (value, id) in [
        (r#""007""#, Some("007")),
        (r#""+380501234567""#, Some("+380501234567")),
        (r#"" a ""#, Some(" a ")),
        (r#""a\"\\\n\u0001\u00e9\ud83d\ude00/""#, Some("a\"\\\n\u{1}é😀/")),
        ("7", Some("7")),
        ("0", Some("0")),
        ("-0", Some("-0")),
        ("-12", Some("-12")),
        ("18446744073709551615", Some("18446744073709551615")),
        ("123456789012345678901234567890", Some("123456789012345678901234567890")),
        ("1.50", Some("1.50")),
        ("1e3", Some("1e3")),
        ("true", Some("true")),
        ("false", Some("false")),
        ("null", None),
        (r#""""#, None),
        (r#"" \t\u00a0""#, None),
        ("[]", None),
        (r#"["a"]"#, Some("a")),
        (r#"["a",null,"",7,1.0,true]"#, Some("a,7,1.0,true")),
        ("[null]", None),
        ("[null,\"\"]", None),
    ] {
        assert_eq!(id_of(r#""a""#, &format!(r#"{{"b":1.25,"a":{value}}}"#)).as_deref(), id, "{value}");
    }
    assert_eq!(id_of(r#""a""#, "{}"), None);
}

#[test]
fn places_lead_into_objects_and_arrays() {
    let record = r#"{"a":{"b":[{"c":"x"},"y"]},"a/b":"slash","":{"":"empty"},"User.UserId":"dotted"}"#;
    for (place, id) in [
        ("'/a/b/0/c'", Some("x")),
        ("'/a/b/1'", Some("y")),
        ("'/a/b/2'", None),
        ("'/a/b/01'", None),
        ("'/a/b/1/c'", None),
        ("'/a~1b'", Some("slash")),
        ("'a/b'", Some("slash")),
        ("'//'", Some("empty")),
        ("'User.UserId'", Some("dotted")),
        ("'/User/UserId'", None),
    ] {
        assert_eq!(id_of(place, record).as_deref(), id, "{place}");
    }
}

#[test]
fn the_first_place_that_is_not_empty_counts() {
    let value = r#"["a", "/b/c", "d"]"#;
    for (record, id) in [
        (r#"{"a":"1","b":{"c":"2"},"d":"3"}"#, Some("1")),
        (r#"{"a":" ","b":{"c":2},"d":"3"}"#, Some("2")),
        (r#"{"a":[],"b":null,"d":"3"}"#, Some("3")),
        (r#"{"b":{}}"#, None),
    ] {
        assert_eq!(id_of(value, record).as_deref(), id, "{record}");
    }
}

#[test]
fn tables_come_after_normalisers_and_may_leave_out() {
    for (value, record, id) in [
        (r#"{ from = "a", values = { x = "y" } }"#, r#"{"a":"x"}"#, Some("y")),
        (r#"{ from = "a", values = { x = "y" } }"#, r#"{"a":"z"}"#, Some("z")),
        (r#"{ from = "a", values = { x = "y" }, otherwise = "w" }"#, r#"{"a":"z"}"#, Some("w")),
        (r#"{ from = "a", values = { x = "y" }, otherwise = "w" }"#, r#"{"a":""}"#, None),
        (r#"{ from = "a", values = { x = "y" }, otherwise = "" }"#, r#"{"a":"z"}"#, None),
        (r#"{ from = "a", values = { 1 = "one", true = "yes" } }"#, r#"{"a":1}"#, Some("one")),
        (r#"{ from = "a", values = { 1 = "one", true = "yes" } }"#, r#"{"a":true}"#, Some("yes")),
        (r#"{ from = "a", normalize = ["trim", "os"] }"#, r#"{"a":" GCM "}"#, Some("Android")),
        (
            r#"{ from = "a", normalize = ["os"], values = { Android = "droid" } }"#,
            r#"{"a":"fcm"}"#,
            Some("droid"),
        ),
        (r#"{ from = "a", normalize = ["locale"] }"#, r#"{"a":"en_UK"}"#, Some("en-GB")),
        (r#"{ from = "a", normalize = ["trim"] }"#, r#"{"a":"  "}"#, None),
        (r#"{ constant = "always" }"#, "{}", Some("always")),
        (r#"{ from = "a", join = " / " }"#, r#"{"a":["x","y"]}"#, Some("x / y")),
    ] {
        assert_eq!(id_of(value, record).as_deref(), id, "{value} of {record}");
    }
}

#[test]
fn json_leads_into_a_text_that_holds_json() {
    let value = r#"{ from = ["tags", "more"], json = "/plan/0" }"#;
    for (record, id) in [
        (r#"{"tags":"{\"plan\":[\"g\\u00e9old\"]}"}"#, Some("géold")),
        (r#"{"tags":"{\"plan\":[1.10]}"}"#, Some("1.10")),
        (r#"{"tags":"{\"plan\":[12]}"}"#, Some("12")),
        (r#"{"tags":"{\"plan\":[[1,\"b\"]]}"}"#, Some("1,b")),
        (r#"{"tags":"{}"}"#, None),
        (r#"{"tags":" "}"#, None),
        (r#"{"tags":"{}","more":"{\"plan\":[\"x\"]}"}"#, Some("x")),
        (r#"{"tags":{"plan":["as it is"]}}"#, Some("as it is")),
    ] {
        assert_eq!(id_of(value, record).as_deref(), id, "{record}");
    }
    assert_eq!(id_of(r#"{ from = "a", json = "" }"#, r#"{"a":"[1,2]"}"#).as_deref(), Some("1,2"));
}

#[test]
fn what_is_no_single_value_rejects_the_record() {
    for (value, record, told) in [
        (r#""a""#, r#"{"a":{}}"#, ("not-a-value", "/a")),
        (r#""/a/b""#, r#"{"a":{"b":{"c":1}}}"#, ("not-a-value", "/a/b")),
        (r#""a""#, r#"{"a":[1,{}]}"#, ("not-a-value", "/a")),
        (r#""a""#, r#"{"a":[[1]]}"#, ("not-a-value", "/a")),
        (r#"["b", "a"]"#, r#"{"a":[{}]}"#, ("not-a-value", "/a")),
        (r#"{ from = "a", json = "/x" }"#, r#"{"a":"{\"x\":1"}"#, ("bad-json-cell", "/a")),
        (r#"{ from = "a", json = "/x" }"#, r#"{"a":"plan=gold"}"#, ("bad-json-cell", "/a")),
        (r#"{ from = "a", json = "/x" }"#, r#"{"a":"{\"x\":{}}"}"#, ("not-a-value", "/a")),
    ] {
        let outcome = map(&mut mapper(&id_from(value), MappingOptions::default()), record);
        assert_eq!((outcome.fate(), outcome.told()), ("rejected", vec![told]), "{value} of {record}");
        assert_eq!((&*outcome.contact, outcome.key()), ("", None));
        assert!(!outcome.violations()[0].value.contains("gold"), "{:?}", outcome.violations());
    }
}

#[test]
fn all_faults_of_a_record_are_told_once_each() {
    let mapping = r#"
        [contact]
        externalCustomerId = "id"
        firstName = "name"
        lastName = "name"
        timeZone = "zone"
    "#;
    let outcome =
        map(&mut mapper(mapping, MappingOptions::default()), r#"{"id":"u1","name":{},"zone":[[]]}"#);
    assert_eq!(outcome.told(), [("not-a-value", "/name"), ("not-a-value", "/zone")]);
    assert_eq!(outcome.key(), Some("u1"));
}

#[test]
fn a_record_that_is_no_object_is_rejected() {
    for record in ["[]", "7", "\"text\"", "null"] {
        let outcome = map(&mut mapper(&id_from(r#""a""#), MappingOptions::default()), record);
        assert_eq!((outcome.fate(), outcome.told()), ("rejected", vec![("not-an-object", "")]), "{record}");
    }
}

#[test]
fn members_stand_in_one_order_and_in_their_shapes() {
    let mapping = r#"
        [[field]]
        id = 5
        value = "five"
        [[field]]
        id = 4
        value = "four"
        [contact]
        id = "id"
        addressBookId = "book"
        address.postcode = "zip"
        address.region = "region"
        timeZone = "tz"
        languageCode = "lang"
        lastName = "last"
        firstName = "first"
        contactKey = "key"
        externalCustomerId = "ext"
    "#;
    let mut mapper = mapper(mapping, MappingOptions::default());
    let record = r#"{"ext":"e","key":"k","first":"f","last":"l","lang":"uk","tz":"Europe/Kyiv","region":"r","zip":"01001",
        "book":"12","id":9223372036854775807,"four":4.0,"five":["a","b"]}"#;
    assert_eq!(
        map(&mut mapper, record).contact,
        r#"{"externalCustomerId":"e","contactKey":"k","firstName":"f","lastName":"l","languageCode":"uk","timeZone":"Europe/Kyiv","address":{"region":"r","postcode":"01001"},"addressBookId":12,"id":9223372036854775807,"fields":[{"id":5,"value":"a,b"},{"id":4,"value":"4.0"}],"channels":[]}"#
    );
    assert_eq!(map(&mut mapper, "{}").contact, r#"{"channels":[]}"#);
    assert_eq!(
        map(&mut mapper, r#"{"four":1}"#).contact,
        r#"{"fields":[{"id":4,"value":"1"}],"channels":[]}"#
    );
    for (id, written) in [
        ("\"-5\"", "-5"),
        ("0", "0"),
        ("\"007\"", "\"007\""),
        ("\"+5\"", "\"+5\""),
        ("5.0", "\"5.0\""),
        ("\"5 \"", "\"5 \""),
        ("99999999999999999999", "99999999999999999999"),
        ("true", "\"true\""),
    ] {
        let contact = map(&mut mapper, &format!(r#"{{"id":{id}}}"#)).contact;
        assert_eq!(contact, format!(r#"{{"id":{written},"channels":[]}}"#), "{id}");
    }
}

#[test]
fn rows_have_columns_for_places() {
    let mapping = r#"
        [contact]
        externalCustomerId = "id"
        firstName = "/a/b/0"
        lastName = { from = "tags", json = "/last" }
        [[channel]]
        type = "email"
        value = ["mail", "backup"]
    "#;
    let mut mapper = mapper(mapping, MappingOptions::default());
    let header = "backup,tags,a.b.0,id,mail,id";
    assert_eq!(
        map_row(&mut mapper, header, &["b@x.y", r#"{"last":"L"}"#, "A\"", " ", "", "007"]).contact,
        r#"{"externalCustomerId":"007","firstName":"A\"","lastName":"L","channels":[{"type":"email","value":"b@x.y"}]}"#
    );
    // A row that is too short has no cells there.
    assert_eq!(map_row(&mut mapper, header, &[]).contact, r#"{"channels":[]}"#);
    let outcome = map_row(&mut mapper, header, &["", "{", "", "5", "", "6"]);
    assert_eq!((outcome.told(), outcome.key()), (vec![("bad-json-cell", "/tags")], Some("5")));
}

#[test]
fn the_date_of_a_record_is_read() {
    let own = format!("updated-at = '/meta/at'\n{}", id_from("'id'"));
    let given = MappingOptions { updated_at: Some("changed".to_owned()), ..MappingOptions::default() };
    for (options, record, at, told) in [
        (MappingOptions::default(), r#"{"meta":{"at":"1970-01-01T00:00:01"}}"#, Some(1000), vec![]),
        (MappingOptions::default(), r#"{"meta":{"at":2}}"#, Some(2000), vec![]),
        (MappingOptions::default(), r#"{"meta":{"at":"3"}}"#, Some(3000), vec![]),
        (MappingOptions::default(), r#"{"meta":{"at":" "}}"#, None, vec![]),
        (MappingOptions::default(), "{}", None, vec![]),
        (MappingOptions::default(), r#"{"meta":{"at":"soon"}}"#, None, vec![("bad-updated-at", "/meta/at")]),
        (MappingOptions::default(), r#"{"meta":{"at":{}}}"#, None, vec![("bad-updated-at", "/meta/at")]),
        (given.clone(), r#"{"meta":{"at":"soon"},"changed":5}"#, Some(5000), vec![]),
        (given.clone(), r#"{"meta":{"at":6},"changed":true}"#, None, vec![("bad-updated-at", "/changed")]),
    ] {
        let outcome = map(&mut mapper(&own, options), record);
        assert_eq!((outcome.mapped.updated_at, outcome.told()), (at, told), "{record}");
        assert_eq!(outcome.fate(), "contact");
        assert!(outcome.violations().iter().all(|violation| violation.removed.is_none()));
    }
    let row = map_row(&mut mapper(&own, given), "id,changed", &["1", "1970-01-02"]);
    assert_eq!(row.mapped.updated_at, Some(86_400_000));
    let row = map_row(&mut mapper(&own, MappingOptions::default()), "id,meta.at", &["1", "never"]);
    assert_eq!(row.told(), [("bad-updated-at", "/meta.at")]);
}
