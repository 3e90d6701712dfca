//! Mistakes in a mapping, and mappings that do not belong to the input.

use mapping::{Mapper, Mapping, MappingError, MappingOptions};

use super::columns;

fn error(mapping: &str) -> String {
    Mapping::parse("shop.toml", mapping).expect_err(mapping).to_string()
}

#[test]
fn what_does_not_exist_is_named_with_its_line_and_what_was_meant() {
    for (mapping, message) in [
        ("titel = 'x'", "shop.toml, line 1: titel does not exist; did you mean title?"),
        (
            "\n[contact]\nfirstname = 'x'",
            "shop.toml, line 3: contact.firstname does not exist; did you mean firstName?",
        ),
        (
            "[contact]\naddress.twon = 'x'",
            "shop.toml, line 2: contact.address.twon does not exist; did you mean town?",
        ),
        (
            "[contact]\ncountry = 'x'",
            "shop.toml, line 2: contact.country does not exist; there are externalCustomerId, contactKey, firstName, lastName, languageCode, timeZone, addressBookId, id, address",
        ),
        (
            "[[channel]]\ntype = 'email'\nvalue = 'a'\n[[channel]]\ntype = 'push'\nvalue = 'a'",
            "shop.toml, line 5: channel[1].type: the type of channels push does not exist; there are email, sms, viber, mobilepush, webpush, appinbox, widget, inapp",
        ),
        (
            "[[channel]]\ntype = 'sms'\nvalue = 'a'\n[[channel]]\ntype = 'sms'\nvaleu = 'a'",
            "shop.toml, line 6: channel[1].valeu does not exist; did you mean value?",
        ),
        (
            "[contact]\nfirstName = { form = 'a' }",
            "shop.toml, line 2: contact.firstName.form does not exist; did you mean from?",
        ),
        (
            "[contact]\nlanguageCode = { from = 'a', normalize = ['trim', 'lokale'] }",
            "shop.toml, line 2: contact.languageCode.normalize[1]: the normaliser lokale does not exist; did you mean locale?",
        ),
        (
            "[[channel]]\ntype = 'mobilpush'\nvalue = 'a'",
            "shop.toml, line 2: channel[0].type: the type of channels mobilpush does not exist; did you mean mobilepush?",
        ),
        (
            "format = 'ndjsn'",
            "shop.toml, line 1: format: the format ndjsn does not exist; did you mean ndjson?",
        ),
        (
            "[recognise]\nal = ['x']",
            "shop.toml, line 2: recognise.al does not exist; there are all, any, none",
        ),
        (
            "[[skip]]\nreason = 'x'\nwehn = { a = 1 }",
            "shop.toml, line 3: skip[0].wehn does not exist; did you mean when?",
        ),
    ] {
        assert_eq!(error(mapping), message);
    }
    assert!(
        error("title = 'x'\nfoo = = 1").starts_with("shop.toml, line 2: "),
        "{}",
        error("title = 'x'\nfoo = = 1")
    );
    assert!(error("title = 'x'\ntitle = 'y'").starts_with("shop.toml, line 2: "));
}

#[test]
fn what_means_nothing_is_refused() {
    let sms = "[[channel]]\ntype = 'sms'\nvalue = 'a'\n";
    for (mapping, key) in [
        ("title = 'nothing of a contact'".to_owned(), "channel"),
        ("[contact]\nfirstName = 'a'".to_owned(), "channel"),
        ("channel = []".to_owned(), "channel"),
        ("title = 5".to_owned(), "title"),
        ("array = 'channels'".to_owned(), "array"),
        ("array = '/a~'".to_owned(), "array"),
        ("delimiter = ';;'".to_owned(), "delimiter"),
        ("delimiter = '\"'".to_owned(), "delimiter"),
        ("delimiter = 'й'".to_owned(), "delimiter"),
        ("as = 'contacts'\noptional = true".to_owned(), "optional"),
        (format!("as = 'contacts'\n{sms}"), "channel"),
        ("optional = 'a'".to_owned(), "optional"),
        ("[recognise]\nnone = ['a']".to_owned(), "recognise"),
        ("[recognise]\nall = ['./a']".to_owned(), "recognise.all[0]"),
        (format!("updated-at = './a'\n{sms}"), "updated-at"),
        (format!("updated-at = ['a']\n{sms}"), "updated-at"),
        ("[contact]\naddress = 'a'".to_owned(), "contact.address"),
        ("[contact]\nid = ''".to_owned(), "contact.id"),
        ("[contact]\nid = '/a~2'".to_owned(), "contact.id"),
        ("[contact]\nid = []".to_owned(), "contact.id"),
        ("[contact]\nid = 5".to_owned(), "contact.id"),
        ("[contact]\nid = { join = ';' }".to_owned(), "contact.id.from"),
        ("[contact]\nid = { constant = 'a', from = 'b' }".to_owned(), "contact.id.constant"),
        ("[contact]\nid = { constant = 5 }".to_owned(), "contact.id.constant"),
        ("[contact]\nid = { from = 'a', otherwise = 'b' }".to_owned(), "contact.id.otherwise"),
        ("[contact]\nid = { from = 'a', json = 'b' }".to_owned(), "contact.id.json"),
        ("[contact]\nid = { from = 'a', values = { x = 5 } }".to_owned(), "contact.id.values.x"),
        ("[contact]\nid = { from = './a' }".to_owned(), "contact.id.from"),
        ("[[channel]]\nvalue = 'a'".to_owned(), "channel[0].type"),
        ("[[channel]]\ntype = 'sms'".to_owned(), "channel[0].value"),
        ("[channel]\ntype = 'sms'\nvalue = 'a'".to_owned(), "channel"),
        (format!("{sms}device.os = 'b'"), "channel[0].device"),
        ("[[channel]]\ntype = 'sms'\nvalue = './a'".to_owned(), "channel[0].value"),
        ("[[channel]]\ntype = 'sms'\nvalue = '.'\neach = './a'".to_owned(), "channel[0].each"),
        (format!("{sms}when = {{}}"), "channel[0].when"),
        (format!("{sms}when = {{ a.b = 'x' }}"), "channel[0].when.a"),
        (format!("{sms}when = {{ './a' = 'x' }}"), "channel[0].when../a"),
        (format!("{sms}when = 'a'"), "channel[0].when"),
        (format!("{sms}inactive = [{{ when = {{ a = 1 }} }}]"), "channel[0].inactive[0].reason"),
        (format!("{sms}inactive = [{{ reason = 'x' }}]"), "channel[0].inactive[0]"),
        (
            format!("{sms}inactive = [{{ reason = 'Opted Out', when = {{ a = 1 }} }}]"),
            "channel[0].inactive[0].reason",
        ),
        (format!("[[skip]]\nreason = ''\nwhen = {{ a = 1 }}\n{sms}"), "skip[0].reason"),
        ("[[field]]\nid = 0\nvalue = 'a'".to_owned(), "field[0].id"),
        ("[[field]]\nid = 2147483648\nvalue = 'a'".to_owned(), "field[0].id"),
        ("[[field]]\nid = '5'\nvalue = 'a'".to_owned(), "field[0].id"),
        ("[[field]]\nid = 5".to_owned(), "field[0].value"),
        ("[[field]]\nid = 5\nvalue = 'a'\n[[field]]\nid = 5\nvalue = 'b'".to_owned(), "field[1].id"),
    ] {
        match Mapping::parse("shop.toml", &mapping) {
            Err(MappingError::Wrong { key: named, .. }) => assert_eq!(named, key, "{mapping}"),
            other => panic!("{mapping}: {other:?}"),
        }
    }
}

fn checked() -> Mapping {
    let mapping = r#"
        optional = ["maybe"]
        [contact]
        externalCustomerId = "user_id"
        firstName = ["/profile/first", "maybe"]
        [[channel]]
        type = "email"
        value = "email"
    "#;
    Mapping::parse("shop.toml", mapping).expect("what the test makes is sound")
}

#[test]
fn a_column_that_the_header_lacks_is_named() {
    assert_eq!(checked().check_columns(&columns("email,x,profile.first,user_id")), Ok(()));
    for (header, place, near) in [
        ("emial,user_id,profile.first", "email", Some("emial")),
        ("address,user_id,profile.first", "email", None),
        ("email,userid,profile.first", "user_id", Some("userid")),
        ("email,USER_ID,profile.first", "user_id", Some("USER_ID")),
        ("email,user_id,profile.frist", "/profile/first", Some("profile.frist")),
    ] {
        match checked().check_columns(&columns(header)) {
            Err(MappingError::MissingColumn { place: named, nearest, .. }) => {
                assert_eq!((&*named, nearest.as_deref()), (place, near), "{header}");
            }
            other => panic!("{header}: {other:?}"),
        }
    }
    let many: Vec<String> = ["emial", "user_id", "profile.first"]
        .map(str::to_owned)
        .into_iter()
        .chain((4..=13).map(|nth| format!("c{nth}")))
        .collect();
    for (columns, message) in [
        (
            &many[..3],
            "the columns are emial, user_id, profile.first; if email may be missing, name it in optional",
        ),
        (
            &many,
            "the columns are emial, user_id, profile.first, c4, c5, c6, c7, c8, c9, c10 and 3 more; if email",
        ),
    ] {
        let error = checked().check_columns(columns).expect_err("email is missing").to_string();
        let wanted = format!("shop.toml: the header has no column email (did you mean emial?); {message}");
        assert!(error.starts_with(&wanted), "{error}");
    }
    let lenient = "optional = true\n[contact]\nexternalCustomerId = 'user_id'";
    assert_eq!(
        Mapping::parse("x", lenient).expect("what the test makes is sound").check_columns(&columns("a,b")),
        Ok(())
    );
}

#[test]
fn a_table_has_no_arrays() {
    let mapping = "optional = true\n[[channel]]\ntype = 'sms'\neach = 'phones'\nvalue = '.'";
    let error = Mapping::parse("x", mapping)
        .expect("what the test makes is sound")
        .check_columns(&columns("phones,b"));
    assert!(
        matches!(error, Err(MappingError::ArrayInTable { ref place, .. }) if place == "phones"),
        "{error:?}"
    );
}

#[test]
fn a_misspelt_place_is_found_by_what_is_there() {
    let check = |records: &[&str]| {
        let records: Vec<&[u8]> = records.iter().map(|record| record.as_bytes()).collect();
        checked().check_records(&records)
    };
    // One record that has it is enough; so is nothing that is near.
    assert_eq!(check(&[r#"{"emial":1}"#, r#"{"email":null}"#]), Ok(()));
    assert_eq!(check(&[r#"{"contacts":1,"profile":{}}"#, "{", "7"]), Ok(()));
    assert_eq!(check(&[r#"{"maybes":1}"#]), Ok(()));
    assert_eq!(check(&[]), Ok(()));
    for (record, place, near) in [
        (r#"{"emial":1}"#, "email", "emial"),
        (r#"{"Email":1}"#, "email", "Email"),
        (r#"{"profile":{"firts":1}}"#, "/profile/first", "/profile/firts"),
        (r#"{"profil":{"first":1}}"#, "/profile/first", "profil"),
    ] {
        match check(&[record]) {
            Err(MappingError::MisspeltPlace { place: named, nearest, .. }) => {
                assert_eq!((&*named, &*nearest), (place, near), "{record}");
            }
            other => panic!("{record}: {other:?}"),
        }
    }
}

#[test]
fn what_the_mapping_uses_elsewhere_was_not_meant() {
    let mapping = "[[channel]]\ntype = 'sms'\nvalue = 'phone1'\n[[channel]]\ntype = 'sms'\nvalue = 'phone2'";
    let mapping = Mapping::parse("x", mapping).expect("what the test makes is sound");
    assert_eq!(mapping.check_records(&[br#"{"phone1":"1"}"#]), Ok(()));
    assert!(mapping.check_records(&[br#"{"phone1":"1","phone3":"1"}"#]).is_err());
}

#[test]
fn places_in_elements_are_looked_for_in_all_of_them() {
    let mapping = "[[channel]]\ntype = 'sms'\neach = '/phones'\nvalue = './number'";
    let mapping = Mapping::parse("x", mapping).expect("what the test makes is sound");
    assert_eq!(mapping.check_records(&[br#"{"phones":[{"numbr":1},{"number":2}]}"#]), Ok(()));
    let error = mapping.check_records(&[br#"{"phones":[{"numbr":1}]}"#]).expect_err("it is misspelt");
    assert_eq!(
        error.to_string(),
        "x: none of the first records has ./number, but ./numbr is there: did you mean that? If ./number may be missing, name it in optional"
    );
}

#[test]
fn the_place_of_the_date_that_is_given_must_be_one() {
    for (place, is_one) in [("/a", true), ("a", true), ("", false), ("/a~", false), ("./a", false)] {
        let options = MappingOptions { updated_at: Some(place.to_owned()), ..MappingOptions::default() };
        let mapper = Mapper::new(checked().into(), options.into(), contact::Settings::default());
        assert_eq!(mapper.is_ok(), is_one, "{place}");
    }
}
