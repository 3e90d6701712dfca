//! The lists that values are chosen from, as the bytes between the quotes of a JSON string.
//!
//! All are in normal form: names in NFC, languages and time zones as their registries write them.

/// First and last names; some are escaped, as exporters to plain ASCII do.
pub(crate) const NAMES: &[(&str, &str)] = &[
    ("John", "Smith"),
    ("Мар'яна", "Шевчук"),
    ("Олександр", "Коваленко"),
    ("Łukasz", "Wiśniewski"),
    ("Ren\\u00e9", "Lef\\u00e8vre"),
    ("Anna Maria", "Rossi"),
    ("Соломія", "Нечуй-Левицька"),
    ("Γιώργος", "Παπαδόπουλος"),
    ("Siobhán", "O'Connor"),
    ("\\u041e\\u043b\\u0435\\u043d\\u0430", "\\u0411\\u043e\\u0439\\u043a\\u043e"),
    ("李", "小龙"),
    ("Zoë", "Müller"),
    ("さくら", "高橋"),
    ("Jean-Pierre", "Dupont"),
    ("Дмитро", "Мельник"),
    ("Şule", "Yıldız"),
    ("محمد", "الحسن"),
    ("ليلى", "حداد"),
];

pub(crate) const TOWNS: &[(&str, &str, &str)] = &[
    ("Kyivska", "Київ", "01001"),
    ("Lvivska", "Львів", "79000"),
    ("Mazowieckie", "Warszawa", "00-001"),
    ("Greater London", "London", "SW1A 1AA"),
    ("Bavaria", "München", "80331"),
    ("New York", "New York", "10001"),
    ("Odeska", "\\u041e\\u0434\\u0435\\u0441\\u0430", "65000"),
    ("Attica", "Αθήνα", "104 31"),
];

pub(crate) const STREETS: &[&str] =
    &["Example Street ", "вулиця Хрещатик, ", "ul. Przykładowa ", "Beispielstraße ", "High Street "];

pub(crate) const LANGUAGES: &[&str] = &["uk", "en", "pl", "en-GB"];

pub(crate) const TIME_ZONES: &[&str] = &["Europe/Kyiv", "Europe/Warsaw", "America/New_York", "Europe/London"];

pub(crate) const LOCALES: &[&str] = &["uk-UA", "en_UK", "ua", "pl-PL", "en-US"];

pub(crate) const APP_VERSIONS: &[&str] = &["4.1.6", "4.2.0", "5.0.1", "3.12.11"];

pub(crate) const ANDROID_MODELS: &[&str] = &["Pixel 8", "SM-S918B", "moto g(60)", "Redmi Note 12"];

pub(crate) const APPLE_MODELS: &[&str] = &["iPhone 13", "iPhone15,3", "iPad Pro 12,9\\\"", "iPhone SE"];

/// The app on Android and on iOS.
pub(crate) const APP_IDS: [&str; 2] =
    ["83b77a49-fc28-409b-aeaa-68c9d544ab9d", "0f8b1c1e-52a3-4c55-9a51-5d6f1f6f0a11"];

pub(crate) const MAILBOXES: &[&str] = &["reader", "first.last", "buyer+news", "subscriber_"];

pub(crate) const MAIL_DOMAINS: &[&str] = &["@example.com", "@example.org", "@example.net"];

/// Beginnings of phone numbers and how many digits follow: a Ukrainian operator, and the numbers that the United
/// Kingdom and North America keep free for fiction.
pub(crate) const PHONE_NUMBERS: &[(&str, u32)] =
    &[("38067", 7), ("38095", 7), ("447700900", 3), ("120255501", 2)];

/// Custom fields: their ids and the values they take.
pub(crate) const CUSTOM_FIELDS: [(&str, &[&str]); 4] = [
    ("12345", &["writer", "читач", "r\\u00e9dacteur", "C:\\\\books\\\\new"]),
    ("12346", &["1814-03-09", "1990-12-31", "2001-02-03"]),
    ("12347", &["42", "1250.50", "0"]),
    ("12348", &["books,music", "music", "books,theatre,travel"]),
];

/// The countries of the towns, in two letters and in three.
pub(crate) const COUNTRIES: [(&str, &str); TOWNS.len()] = [
    ("UA", "UKR"),
    ("UA", "UKR"),
    ("PL", "POL"),
    ("GB", "GBR"),
    ("DE", "DEU"),
    ("US", "USA"),
    ("UA", "UKR"),
    ("GR", "GRC"),
];

/// What exports that know no ids call the custom fields.
pub(crate) const FIELD_NAMES: [&str; CUSTOM_FIELDS.len()] = ["role", "birthday", "balance", "interests"];

pub(crate) const ANDROID_VERSIONS: &[&str] = &["11", "12", "13", "14", "15"];

pub(crate) const APPLE_VERSIONS: &[&str] = &["15.8.3", "16.7.10", "17.6.1", "18.1", "26.0"];
