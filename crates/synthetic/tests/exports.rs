//! What exports promise in each format.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use synthetic::{Config, Expected, Export, Fault, Format};

const FORMATS: [Format; 4] = [Format::Contact, Format::Pinpoint, Format::OneSignal, Format::Braze];

const MANY: Config = Config {
    seed: 7,
    contacts: 4000,
    faults_per_mille: 100,
    duplicates_per_mille: 0,
    repeats_per_mille: 200,
    moved_tokens_per_mille: 2,
    field_sets: synthetic::FieldSets::Mixed,
};

const CLEAN: Config = Config { faults_per_mille: 0, repeats_per_mille: 0, moved_tokens_per_mille: 0, ..MANY };

/// The rows of each contact, as they stand in the export.
fn contacts(config: Config, format: Format) -> Vec<(Expected, Vec<u8>)> {
    let mut export = Export::new(config, format);
    std::iter::from_fn(|| {
        let mut rows = Vec::new();
        export.next_rows(&mut rows).map(|expected| (expected, rows))
    })
    .collect()
}

/// Rows of CSV: as the format has it, with quotes doubled inside of quotes.
fn csv(text: &[u8]) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(text);
    let mut rows = Vec::new();
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let cell = cells.last_mut().expect("a cell");
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            '\n' if !is_quoted => rows.push(std::mem::replace(&mut cells, vec![String::new()])),
            _ => cell.push(character),
        }
    }
    assert!(!is_quoted && cells == [""], "the last row ends: {cells:?}");
    rows
}

fn column(name: &str) -> usize {
    let header = csv(Format::OneSignal.header().as_bytes()).remove(0);
    header.iter().position(|column| column == name).expect("a column")
}

fn json_rows(rows: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(rows).expect("UTF-8");
    text.lines()
        .map(|row| serde_json::from_str(row).unwrap_or_else(|error| panic!("{row}: {error}")))
        .collect()
}

/// Key, and the texts by which it can be reached.
fn reached(format: Format, rows: &[u8]) -> (String, HashSet<String>) {
    let text = |value: &Value| value.as_str().expect("a text").trim_start_matches('+').to_owned();
    match format {
        Format::Contact => {
            let contact = json_rows(rows).remove(0);
            let channels = contact["channels"].as_array().expect("an array");
            (
                text(&contact["externalCustomerId"]),
                channels.iter().map(|channel| text(&channel["value"])).collect(),
            )
        }
        Format::Pinpoint => {
            let rows = json_rows(rows);
            (text(&rows[0]["User"]["UserId"]), rows.iter().map(|row| text(&row["Address"])).collect())
        }
        Format::OneSignal => {
            let rows = csv(rows);
            let cell = |row: &Vec<String>, name| row[column(name)].trim_start_matches('+').to_owned();
            (cell(&rows[0], "external_user_id"), rows.iter().map(|row| cell(row, "identifier")).collect())
        }
        Format::Braze => {
            let user = json_rows(rows).remove(0);
            let tokens =
                user["push_tokens"].as_array().expect("an array").iter().map(|token| text(&token["token"]));
            let others = ["email", "phone"].iter().filter_map(|name| user.get(name)).map(text);
            (text(&user["external_id"]), tokens.chain(others).collect())
        }
    }
}

#[test]
fn the_same_seed_makes_the_same_bytes_and_more_contacts_only_add_to_them() {
    for format in FORMATS {
        let many = contacts(MANY, format);
        assert_eq!(many, contacts(MANY, format), "{format:?}");
        for fewer in [0, 1, 1500] {
            let first = contacts(Config { contacts: fewer, ..MANY }, format);
            assert_eq!(first, many[..fewer as usize], "{format:?}");
        }
        assert_ne!(contacts(Config { seed: 8, ..MANY }, format)[0], many[0], "{format:?}");
    }
}

#[test]
fn every_fault_of_a_format_comes_in_its_turn_and_in_the_share_asked_for() {
    for format in FORMATS {
        let contacts = contacts(MANY, format);
        let faults: Vec<Fault> = contacts
            .iter()
            .filter_map(|(expected, _)| match expected {
                Expected::Fault(fault) => Some(*fault),
                _ => None,
            })
            .collect();
        assert!((320..480).contains(&faults.len()), "{format:?}: {}", faults.len());
        let in_turn = format.faults().iter().cycle();
        assert!(faults.iter().zip(in_turn).all(|(fault, wanted)| fault == wanted), "{format:?}");
        let repeated = contacts.iter().filter(|(expected, _)| *expected == Expected::Repeated).count();
        assert!((700..900).contains(&repeated), "{format:?}: {repeated}");
    }
}

#[test]
fn a_seed_makes_the_same_people_in_each_format() {
    let people = contacts(CLEAN, Format::Contact);
    for format in [Format::Pinpoint, Format::OneSignal, Format::Braze] {
        let mut with_the_same_token = 0;
        for ((_, contact), (_, rows)) in people.iter().zip(contacts(CLEAN, format)) {
            let (key, channels) = reached(Format::Contact, contact);
            let (same_key, same_channels) = reached(format, &rows);
            assert_eq!(key, same_key, "{format:?}");
            // A browser has a token of its own.
            let missing: Vec<_> = channels.difference(&same_channels).collect();
            assert!(missing.iter().all(|value| value.len() >= 64), "{format:?}, {key}: {missing:?}");
            with_the_same_token += usize::from(missing.is_empty());
        }
        assert!(with_the_same_token > 3500, "{format:?}: {with_the_same_token}");
    }
}

#[test]
fn a_further_row_has_the_key_of_an_earlier_clean_one() {
    for format in FORMATS {
        let mut clean = HashSet::new();
        for (expected, rows) in contacts(MANY, format) {
            match expected {
                Expected::Clean => assert!(clean.insert(reached(format, &rows).0), "{format:?}"),
                Expected::Repeated => assert!(clean.contains(&reached(format, &rows).0), "{format:?}"),
                _ => {}
            }
        }
    }
}

#[test]
fn rows_of_json_are_json_unless_their_fault_says_otherwise() {
    const NOT_JSON: &[Fault] = &[
        Fault::InvalidUtf8,
        Fault::TrailingText,
        Fault::LoneSurrogate,
        Fault::ControlCharacter,
        Fault::LeadingZero,
        Fault::InvalidNumber,
        Fault::InvalidLiteral,
        Fault::InvalidEscape,
        Fault::UnexpectedEnd,
        Fault::Syntax,
    ];
    for format in [Format::Pinpoint, Format::Braze] {
        for (expected, rows) in contacts(MANY, format) {
            let Expected::Fault(fault) = expected else {
                assert!(json_rows(&rows).iter().all(Value::is_object));
                continue;
            };
            let (newline, row) = rows.split_last().unwrap();
            assert!(*newline == b'\n' && !row.contains(&b'\n'), "a contact with a fault has one row");
            let is_json = serde_json::from_slice::<Value>(row).is_ok();
            assert_eq!(is_json, !NOT_JSON.contains(&fault), "{fault:?}: {}", String::from_utf8_lossy(row));
        }
    }
}

#[test]
fn values_with_a_fault_are_where_the_fault_says() {
    let first = |format, fault| {
        let of_fault = contacts(MANY, format).into_iter().find(|one| one.0 == Expected::Fault(fault));
        json_rows(&of_fault.unwrap().1).remove(0)
    };
    for (format, fault, pointer, wanted) in [
        (Format::Pinpoint, Fault::BadTimeZone, "/Demographic/Timezone", "Europe/Atlantis"),
        (Format::Pinpoint, Fault::BadPhone, "/Address", "+112"),
        (Format::Pinpoint, Fault::BadName, "/User/UserAttributes/FirstName/0", "123"),
        (Format::Braze, Fault::BadTimeZone, "/time_zone", "Europe/Atlantis"),
        (Format::Braze, Fault::BadLanguage, "/language", "xx"),
        (Format::Braze, Fault::BadPhone, "/phone", "+112"),
        (Format::Braze, Fault::BadName, "/first_name", "123"),
    ] {
        assert_eq!(first(format, fault).pointer(pointer).unwrap(), wanted, "{format:?}, {fault:?}");
    }
    for (format, pointer) in [(Format::Pinpoint, "/User/UserId"), (Format::Braze, "/external_id")] {
        assert_eq!(first(format, Fault::MissingKey).pointer(pointer), None, "{format:?}");
        assert!(first(format, Fault::NotAValue).pointer(pointer).unwrap().is_object(), "{format:?}");
    }
    for (format, pointer) in [(Format::Pinpoint, "/Address"), (Format::Braze, "/email")] {
        let record = first(format, Fault::BadEmail);
        assert!(!record.pointer(pointer).unwrap().as_str().unwrap().contains('@'), "{format:?}");
    }
    for (format, pointer) in [(Format::Pinpoint, "/Demographic/Model"), (Format::Braze, "/devices/0/model")] {
        let record = first(format, Fault::TooLong);
        assert!(record.pointer(pointer).unwrap().as_str().unwrap().len() > 60, "{format:?}");
    }
}

#[test]
fn rows_of_csv_have_as_many_cells_as_the_header_unless_that_is_their_fault() {
    let columns = csv(Format::OneSignal.header().as_bytes()).remove(0).len();
    let cell = |rows: &[Vec<String>], name| rows[0][column(name)].clone();
    let mut counts = HashSet::new();
    for (expected, rows) in contacts(MANY, Format::OneSignal) {
        let rows = csv(&rows);
        if expected == Expected::Fault(Fault::WrongCellCount) {
            counts.insert(rows[0].len());
            continue;
        }
        assert!(rows.iter().all(|row| row.len() == columns), "{expected:?}: {rows:?}");
        let has_tags = |row: &Vec<String>| serde_json::from_str::<Value>(&row[column("tags")]).is_ok();
        let is_broken = expected == Expected::Fault(Fault::BadJsonCell);
        assert!(rows.iter().all(|row| has_tags(row) != is_broken), "{expected:?}: {rows:?}");
        match expected {
            Expected::Fault(fault) => {
                assert_eq!(rows.len(), 1);
                match fault {
                    Fault::BadTimeZone => assert_eq!(cell(&rows, "timezone_id"), "Europe/Atlantis"),
                    Fault::BadLanguage => assert_eq!(cell(&rows, "language"), "xx"),
                    Fault::BadPhone => assert_eq!(cell(&rows, "identifier"), "+112"),
                    Fault::BadEmail => assert!(!cell(&rows, "identifier").contains('@')),
                    Fault::MissingKey => assert_eq!(cell(&rows, "external_user_id"), ""),
                    Fault::InvalidUtf8 => assert!(cell(&rows, "game_version").contains('\u{FFFD}')),
                    _ => {}
                }
            }
            _ => assert_ne!(cell(&rows, "external_user_id"), ""),
        }
    }
    assert_eq!(counts, HashSet::from([columns - 1, columns + 1]));
}

#[test]
fn cells_hold_commas_quotes_and_newlines() {
    let all: Vec<_> = contacts(CLEAN, Format::OneSignal).iter().flat_map(|(_, rows)| csv(rows)).collect();
    let models: HashSet<&str> = all.iter().map(|row| row[column("device_model")].as_str()).collect();
    assert!(models.contains("iPad Pro 12,9\""), "{models:?}");
    let with_lines = all.iter().filter(|row| row[column("tags")].contains('\n')).count();
    assert!((1..=4).contains(&(with_lines * 100 / all.len())), "{with_lines} of {}", all.len());
}

#[test]
fn some_rows_are_inactive_or_of_kinds_that_have_no_place() {
    let mut shares: HashMap<&str, (usize, usize)> = HashMap::new();
    let mut count = |name, holds: bool| {
        let (found, all) = shares.entry(name).or_default();
        *found += usize::from(holds);
        *all += 1;
    };
    for (_, rows) in contacts(CLEAN, Format::Pinpoint) {
        for row in json_rows(&rows) {
            count("Pinpoint opted out", row["OptOut"] == "ALL");
            count("Pinpoint inactive", row["EndpointStatus"] == "INACTIVE");
            if row["ChannelType"] == "SMS" || row["ChannelType"] == "VOICE" {
                count("Pinpoint voice", row["ChannelType"] == "VOICE");
            } else if row["ChannelType"] != "EMAIL" {
                count("Pinpoint sandbox", row["ChannelType"] == "APNS_SANDBOX");
                count(
                    "Pinpoint other services",
                    row["ChannelType"] == "ADM" || row["ChannelType"] == "BAIDU",
                );
            }
        }
    }
    for (_, rows) in contacts(CLEAN, Format::OneSignal) {
        for row in csv(&rows) {
            let kind = row[column("device_type")].as_str();
            count("OneSignal invalid", row[column("invalid_identifier")] == "t");
            count("OneSignal unsubscribed", row[column("notification_types")] == "-2");
            if kind != "11" && kind != "14" {
                count("OneSignal browsers", ["5", "7", "8", "17"].contains(&kind));
                count("OneSignal Amazon", kind == "2");
            }
        }
    }
    for (_, rows) in contacts(CLEAN, Format::Braze) {
        let user = json_rows(&rows).remove(0);
        let tokens = user["push_tokens"].as_array().unwrap();
        let apps = tokens.iter().filter(|token| token["platform"] != "Web").count();
        count("Braze two", apps == 2);
        count("Braze three", apps == 3);
        count("Braze browsers", apps < tokens.len());
        count("Braze no push", user["push_subscribe"] == "unsubscribed");
        if user.get("email").is_some() {
            count("Braze no email", user["email_subscribe"] == "unsubscribed");
        }
        for token in tokens.iter().filter(|token| token["platform"] != "Web") {
            count("Braze no notifications", token["notifications_enabled"] == false);
        }
    }
    // What the documentation of the formats says, in per cent.
    for (name, wanted) in [
        ("Pinpoint opted out", 6),
        ("Pinpoint inactive", 4),
        ("Pinpoint voice", 5),
        ("Pinpoint sandbox", 2),
        ("Pinpoint other services", 2),
        ("OneSignal invalid", 5),
        ("OneSignal unsubscribed", 8),
        ("OneSignal browsers", 8),
        ("OneSignal Amazon", 1),
        ("Braze two", 22),
        ("Braze three", 8),
        ("Braze browsers", 3),
        ("Braze no push", 6),
        ("Braze no email", 5),
        ("Braze no notifications", 4),
    ] {
        let (found, all) = shares[name];
        let wanted = wanted * all / 100;
        assert!(found.abs_diff(wanted) <= 5 * wanted.isqrt(), "{name}: {found} of {all}, not {wanted}");
    }
}
