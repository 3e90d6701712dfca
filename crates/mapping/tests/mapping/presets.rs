//! The mappings of known exports, on samples of these.

use std::collections::BTreeMap;

use mapping::{Apps, Inactive, Mapping, MappingOptions, nearest_preset, presets};
use ndjson::Parser;

use super::{columns, map, map_row, preset};

const PINPOINT: &str = r#"{"ChannelType":"GCM","Address":"4d5e6f","EndpointStatus":"ACTIVE","OptOut":"NONE","Location":{"Country":"CHN","City":"Kyiv","PostalCode":"01001"},"Demographic":{"Make":"Google","Platform":"android","Model":"Pixel 8","Locale":"en_US","AppVersion":"1.2","Timezone":"Europe/Kyiv"},"EffectiveDate":"2025-02-12T11:20:13.631Z","Attributes":{"FavoriteBaseballTeam":["Giants"]},"User":{"UserId":"example-user-id-3","UserAttributes":{"FirstName":["Anna","Maria"],"last_name":["Smith"]}},"ApplicationId":"9b74","Id":"nolc1yp","CreationDate":"2025-02-12T11:20:13.631Z"}"#;
const BRAZE: &str = r#"{"external_id":"u1","braze_id":"5f","first_name":"Ann","last_name":"Lee","language":"en","time_zone":"Eastern Time (US & Canada)","home_city":"Boston","email":"a@b.c","phone":"+15551234567","email_subscribe":"opted_in","push_subscribe":"opted_in","push_tokens":[{"app":"Shop iOS","platform":"iOS","token":"aa11","device_id":"d1","notifications_enabled":true},{"app":"Shop","platform":"android","token":"bb22","notifications_enabled":false},{"app":"Site","platform":"web","token":"cc33","notifications_enabled":true},{"app":"Kindle","platform":"kindle","token":"dd44"}],"custom_attributes":{"plan":"gold"}}"#;
const AIRSHIP: &str = r#"{"channel_id":"01234567-890a-bcde-f012-34567890abc0","device_type":"ios","installed":true,"opt_in":true,"background":true,"push_address":"FE66489F304DC75B8D6E8200DFF8A456E8DAEACEC428B427E9518741C92C6660","created":"2020-08-08T20:41:06","last_registration":"2020-05-01T18:00:27","named_user_id":"your_user_id","alias":null,"tags":["tag1"],"tag_groups":{},"ios":{"badge":0,"quiettime":{"start":null,"end":null},"tz":"America/Los_Angeles"}}"#;
const APPMETRICA: &str = r#"{"token":"abc:DEF","token_datetime":"2025-02-12 11:20:13","os_name":"android","application_id":"12345","app_package_name":"com.example","profile_id":"p1","device_locale":"uk_UA","device_model":"Pixel","app_version_name":"4.1","city":"Lviv"}"#;
const CONTACT: &str = r#"{"externalCustomerId":"1","channels":[{"type":"email","value":"a@b.c"}]}"#;
const ONESIGNAL: &str = "id,identifier,session_count,language,timezone,game_version,device_os,device_type,device_model,ad_id,tags,last_active,playtime,amount_spent,created_at,invalid_identifier,badge_count,external_user_id,country,timezone_id,notification_types";
const ONESIGNAL_ROW: [&str; 21] = [
    "d1",
    "tok:en",
    "3",
    "uk",
    "7200",
    "1.4",
    "14",
    "1",
    "Pixel 8",
    "",
    "{\"plan\":\"gold\"}",
    "1739359213",
    "1",
    "0",
    "1700000000",
    "f",
    "0",
    "user-1",
    "UA",
    "Europe/Kyiv",
    "1",
];

fn mapped(name: &str, record: &str) -> String {
    map(&mut preset(name, MappingOptions::default()), record).contact
}

/// A row of OneSignal with some cells changed.
fn onesignal(options: MappingOptions, cells: &[(&str, &str)]) -> super::Outcome {
    let mut row = ONESIGNAL_ROW;
    for (name, cell) in cells {
        let column =
            ONESIGNAL.split(',').position(|column| column == *name).expect("what the test makes is sound");
        row[column] = cell;
    }
    map_row(&mut preset("onesignal", options), ONESIGNAL, &row)
}

#[test]
fn each_sample_is_recognised_by_its_own_preset_alone() {
    let fits_record = |mapping: &Mapping, record: &str| {
        Parser::new()
            .parse(record.as_bytes(), |tape| mapping.fits_record(tape))
            .expect("what the test makes is sound")
    };
    let mappings: Vec<Mapping> = presets()
        .iter()
        .map(|preset| Mapping::parse(preset.name, preset.toml).expect("what the test makes is sound"))
        .collect();
    assert!(mappings.iter().all(|mapping| mapping.has_recognition() && mapping.title() != mapping.name()));
    for (name, record) in [
        ("pinpoint", PINPOINT),
        ("braze", BRAZE),
        ("airship", AIRSHIP),
        ("appmetrica", APPMETRICA),
        ("contact", CONTACT),
        ("contact", r#"{"contacts":[{"channels":[]}],"dedupeOn":"email"}"#),
    ] {
        let fitting: Vec<&str> =
            mappings.iter().filter(|mapping| fits_record(mapping, record)).map(Mapping::name).collect();
        assert_eq!(fitting, [name]);
    }
    for (name, header) in [
        ("onesignal", ONESIGNAL),
        ("pinpoint", "Id,ChannelType,Address,User.UserId,Demographic.Locale"),
        ("appmetrica", "token,token_datetime,os_name,application_id"),
    ] {
        let header = columns(header);
        let fitting: Vec<&str> =
            mappings.iter().filter(|mapping| mapping.fits_columns(&header)).map(Mapping::name).collect();
        assert_eq!(fitting, [name]);
    }
    let own = r#"{"user_id":1,"email":"a@b.c","phone":"1","token":"x","first_name":"A"}"#;
    assert!(!mappings.iter().any(|mapping| fits_record(mapping, own)));
    assert!(!mappings.iter().any(|mapping| mapping.fits_columns(&columns("user_id,email,phone,token"))));
}

#[test]
fn what_is_built_in_says_what_it_reads() {
    let contact = Mapping::parse("contact", presets()[0].toml).expect("what the test makes is sound");
    assert!(contact.is_contacts() && contact.array().is_none());
    let airship =
        presets().iter().find(|preset| preset.name == "airship").expect("what the test makes is sound");
    assert_eq!(
        Mapping::parse("a", airship.toml).expect("what the test makes is sound").array(),
        Some("/channels")
    );
    assert_eq!(nearest_preset("pinpiont"), Some("pinpoint"));
    assert_eq!(nearest_preset("OneSignal"), Some("onesignal"));
    assert_eq!(nearest_preset("mailchimp"), None);
    for preset in presets().iter().filter(|preset| preset.name != "contact") {
        let mapping = Mapping::parse(preset.name, preset.toml).expect("what the test makes is sound");
        assert_eq!(mapping.check_records(&[br#"{"Adress":1,"emial":2}"#]), Ok(()), "all places are optional");
    }
}

#[test]
fn contacts_stay_as_they_are() {
    assert_eq!(mapped("contact", CONTACT), CONTACT);
}

#[test]
fn endpoints_of_pinpoint() {
    let outcome = map(&mut preset("pinpoint", MappingOptions::default()), PINPOINT);
    assert_eq!(
        outcome.contact,
        r#"{"externalCustomerId":"example-user-id-3","firstName":"Anna Maria","lastName":"Smith","languageCode":"en-US","timeZone":"Europe/Kyiv","address":{"town":"Kyiv","postcode":"01001"},"channels":[{"type":"mobilepush","value":"4d5e6f","device":{"deviceModel":"Pixel 8","os":"Android","locale":"en_US","appVersion":"1.2"}}]}"#
    );
    assert_eq!(outcome.mapped.updated_at, Some(1_739_359_213_631));
    for (channel, os, skipped) in [
        ("APNS", Some("iOS"), None),
        ("GCM", Some("Android"), None),
        ("APNS_SANDBOX", None, Some("sandbox-token")),
        ("APNS_VOIP", None, Some("voip-token")),
        ("APNS_VOIP_SANDBOX", None, Some("voip-token")),
        ("ADM", None, Some("unsupported-push-service")),
        ("BAIDU", None, Some("unsupported-push-service")),
        ("CUSTOM", None, Some("not-a-channel")),
        ("IN_APP", None, Some("not-a-channel")),
    ] {
        let outcome =
            map(&mut preset("pinpoint", MappingOptions::default()), &PINPOINT.replace("GCM", channel));
        match skipped {
            Some(code) => assert_eq!((outcome.fate(), outcome.told()), ("skipped", vec![(code, "")])),
            None => assert!(
                outcome.contact.contains(&format!(r#""os":"{}""#, os.expect("what the test makes is sound"))),
                "{channel}"
            ),
        }
    }
    for (channel, kind) in [("EMAIL", "email"), ("SMS", "sms"), ("VOICE", "sms")] {
        let contact = mapped("pinpoint", &PINPOINT.replace("GCM", channel));
        let expected = format!(r#""channels":[{{"type":"{kind}","value":"4d5e6f"}}]}}"#);
        assert!(contact.ends_with(&expected), "{contact}");
    }
    assert!(mapped("pinpoint", &PINPOINT.replace("GCM", "PIGEON")).ends_with(r#""channels":[]}"#));
}

#[test]
fn endpoints_of_pinpoint_that_are_inactive_or_of_some_apps() {
    for (from, to, code) in [
        (r#""OptOut":"NONE""#, r#""OptOut":"ALL""#, "opted-out"),
        (r#""EndpointStatus":"ACTIVE""#, r#""EndpointStatus":"INACTIVE""#, "inactive"),
    ] {
        for channel in ["GCM", "EMAIL", "SMS"] {
            let record = PINPOINT.replace(from, to).replace("GCM", channel);
            let outcome = map(&mut preset("pinpoint", MappingOptions::default()), &record);
            assert_eq!((outcome.fate(), outcome.told()), ("skipped", vec![(code, "/Address")]));
            let send = MappingOptions { inactive: Inactive::Send, ..MappingOptions::default() };
            let outcome = map(&mut preset("pinpoint", send), &record);
            assert_eq!(outcome.contact.contains(r#""active":false"#), channel == "GCM");
            assert_eq!(outcome.fate() == "contact", channel == "GCM");
        }
    }
    let by_name: BTreeMap<_, _> = [("9b74".to_owned(), "APP".to_owned())].into();
    let options = MappingOptions { apps: Apps { any: None, by_name }, ..MappingOptions::default() };
    assert!(map(&mut preset("pinpoint", options.clone()), PINPOINT).contact.contains(r#""appId":"APP""#));
    let other = map(&mut preset("pinpoint", options), &PINPOINT.replace("9b74", "0000"));
    assert_eq!((other.fate(), other.told()), ("skipped", vec![("unknown-app", "/Address")]));
}

#[test]
fn endpoints_of_pinpoint_in_a_table() {
    let header = "ChannelType,Address,User.UserId,User.UserAttributes.FirstName,Demographic.Locale,OptOut";
    let mut mapper = preset("pinpoint", MappingOptions::default());
    let outcome = map_row(&mut mapper, header, &["SMS", "+380501234567", "007", "Ann", "uk_UA", "NONE"]);
    assert_eq!(
        outcome.contact,
        r#"{"externalCustomerId":"007","firstName":"Ann","languageCode":"uk-UA","channels":[{"type":"sms","value":"380501234567"}]}"#
    );
}

#[test]
fn players_of_onesignal() {
    let outcome = onesignal(MappingOptions::default(), &[]);
    assert_eq!(
        outcome.contact,
        r#"{"externalCustomerId":"user-1","languageCode":"uk","timeZone":"Europe/Kyiv","channels":[{"type":"mobilepush","value":"tok:en","device":{"deviceModel":"Pixel 8","os":"Android","appVersion":"1.4"}}]}"#
    );
    assert_eq!(outcome.mapped.updated_at, Some(1_739_359_213_000));
    for (cells, told) in [
        (vec![("device_type", "5")], vec![("web-push", "")]),
        (vec![("device_type", "17")], vec![("web-push", "")]),
        (vec![("device_type", "2")], vec![("unsupported-push-service", "")]),
        (vec![("device_type", "13")], vec![("unsupported-push-service", "")]),
        (vec![("invalid_identifier", "t")], vec![("invalid-token", "/identifier")]),
        (vec![("notification_types", "-2")], vec![("opted-out", "/identifier")]),
        (vec![("notification_types", "0")], vec![("opted-out", "/identifier")]),
        (vec![("notification_types", "-99")], vec![("opted-out", "/identifier")]),
        (vec![("device_type", "11"), ("notification_types", "-2")], vec![("opted-out", "/identifier")]),
    ] {
        let outcome = onesignal(MappingOptions::default(), &cells);
        assert_eq!((outcome.fate(), outcome.told()), ("skipped", told), "{cells:?}");
        assert_eq!(outcome.key(), Some("user-1"));
    }
    for (cells, channel) in [
        (
            vec![("device_type", "0"), ("device_model", ""), ("game_version", "")],
            r#"{"type":"mobilepush","value":"tok:en","device":{"os":"iOS"}}"#,
        ),
        (vec![("device_type", "11"), ("identifier", "a@b.c")], r#"{"type":"email","value":"a@b.c"}"#),
        (vec![("device_type", "14"), ("identifier", "+1")], r#"{"type":"sms","value":"+1"}"#),
        (vec![("device_type", "14"), ("notification_types", "")], r#"{"type":"sms","value":"tok:en"}"#),
        (vec![("device_type", "14"), ("notification_types", "31")], r#"{"type":"sms","value":"tok:en"}"#),
    ] {
        let contact = onesignal(MappingOptions::default(), &cells).contact;
        assert!(contact.ends_with(&format!(r#""channels":[{channel}]}}"#)), "{cells:?}: {contact}");
    }
    let stale = MappingOptions { stale_before: Some(1_739_359_213_001), ..MappingOptions::default() };
    assert_eq!(onesignal(stale, &[]).told(), [("stale-token", "/identifier")]);
}

#[test]
fn users_of_braze() {
    let outcome = map(&mut preset("braze", MappingOptions::default()), BRAZE);
    assert_eq!(
        outcome.contact,
        r#"{"externalCustomerId":"u1","firstName":"Ann","lastName":"Lee","languageCode":"en","timeZone":"Eastern Time (US & Canada)","address":{"town":"Boston"},"channels":[{"type":"mobilepush","value":"aa11","device":{"os":"iOS"}},{"type":"email","value":"a@b.c"},{"type":"sms","value":"15551234567"}]}"#
    );
    assert_eq!(
        outcome.told(),
        [
            ("opted-out", "/push_tokens/1/token"),
            ("web-push", "/push_tokens/2/token"),
            ("unsupported-push-service", "/push_tokens/3/token"),
        ]
    );
    let send = MappingOptions { inactive: Inactive::Send, ..MappingOptions::default() };
    let sent = map(&mut preset("braze", send), BRAZE);
    assert_eq!(sent.told().len(), 2, "web push cannot be sent as inactive");
    assert!(
        sent.contact
            .contains(r#"{"type":"mobilepush","value":"bb22","device":{"os":"Android","active":false}}"#)
    );

    let unsubscribed = BRAZE
        .replace(r#""email_subscribe":"opted_in""#, r#""email_subscribe":"unsubscribed""#)
        .replace(r#""push_subscribe":"opted_in""#, r#""push_subscribe":"unsubscribed""#);
    let outcome = map(&mut preset("braze", MappingOptions::default()), &unsubscribed);
    assert!(outcome.contact.ends_with(r#""channels":[{"type":"sms","value":"15551234567"}]}"#));
    assert!(outcome.told().contains(&("opted-out", "/email")));
}

#[test]
fn channels_of_airship() {
    let outcome = map(&mut preset("airship", MappingOptions::default()), AIRSHIP);
    assert_eq!(
        outcome.contact,
        r#"{"externalCustomerId":"your_user_id","timeZone":"America/Los_Angeles","channels":[{"type":"mobilepush","value":"FE66489F304DC75B8D6E8200DFF8A456E8DAEACEC428B427E9518741C92C6660","device":{"os":"iOS"}}]}"#
    );
    assert_eq!(outcome.mapped.updated_at, Some(1_588_356_027_000));
    for (from, to, told) in [
        (r#""opt_in":true"#, r#""opt_in":false"#, ("opted-out", "/push_address")),
        (r#""installed":true"#, r#""installed":false"#, ("uninstalled", "/push_address")),
        (r#""ios","installed""#, r#""web","installed""#, ("web-push", "")),
        (r#""ios","installed""#, r#""amazon","installed""#, ("unsupported-push-service", "")),
        (r#""ios","installed""#, r#""open","installed""#, ("not-a-channel", "")),
    ] {
        let outcome = map(&mut preset("airship", MappingOptions::default()), &AIRSHIP.replace(from, to));
        assert_eq!((outcome.fate(), outcome.told()), ("skipped", vec![told]), "{to}");
    }
    let email = r#"{"channel_id":"1","device_type":"email","address":"a@b.c","push_address":null,"opt_in":true,"installed":true}"#;
    assert_eq!(mapped("airship", email), r#"{"channels":[{"type":"email","value":"a@b.c"}]}"#);
}

#[test]
fn push_tokens_of_appmetrica() {
    let expected = r#"{"externalCustomerId":"p1","languageCode":"uk-UA","address":{"town":"Lviv"},"channels":[{"type":"mobilepush","value":"abc:DEF","device":{"deviceModel":"Pixel","os":"Android","locale":"uk_UA","appVersion":"4.1"}}]}"#;
    let outcome = map(&mut preset("appmetrica", MappingOptions::default()), APPMETRICA);
    assert_eq!((&*outcome.contact, outcome.mapped.updated_at), (expected, Some(1_739_359_213_000)));
    let header = "token,token_datetime,os_name,application_id,app_package_name,profile_id,device_locale,device_model,app_version_name,city";
    let row = [
        "abc:DEF",
        "2025-02-12 11:20:13",
        "android",
        "12345",
        "com.example",
        "p1",
        "uk_UA",
        "Pixel",
        "4.1",
        "Lviv",
    ];
    assert_eq!(map_row(&mut preset("appmetrica", MappingOptions::default()), header, &row).contact, expected);
    for app in ["12345", "com.example"] {
        let by_name: BTreeMap<_, _> = [(app.to_owned(), "APP".to_owned())].into();
        let options = MappingOptions { apps: Apps { any: None, by_name }, ..MappingOptions::default() };
        assert!(map(&mut preset("appmetrica", options), APPMETRICA).contact.contains(r#""appId":"APP""#));
    }
    let windows = APPMETRICA.replace("android", "windows");
    let outcome = map(&mut preset("appmetrica", MappingOptions::default()), &windows);
    assert_eq!((outcome.fate(), outcome.told()), ("skipped", vec![("unsupported-push-service", "")]));
}
