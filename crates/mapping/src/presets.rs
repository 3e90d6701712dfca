//! The mappings of known exports.

use crate::nearest::nearest;

/// A mapping that is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// The mapping itself.
    pub toml: &'static str,
}

macro_rules! presets {
    ($($name:literal),*) => {
        &[$(Preset { name: $name, toml: include_str!(concat!("../presets/", $name, ".toml")) }),*]
    };
}

const PRESETS: &[Preset] =
    presets!["contact", "pinpoint", "onesignal", "braze", "airship", "appmetrica", "rejects"];

/// All presets.
#[must_use]
pub fn presets() -> &'static [Preset] {
    PRESETS
}

/// The preset of that name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// The preset that was probably meant by a name that none has.
#[must_use]
pub fn nearest_preset(name: &str) -> Option<&'static str> {
    nearest(name, PRESETS.iter().map(|preset| preset.name))
}
