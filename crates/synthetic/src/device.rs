//! One device: a platform, a token and what the token's owner says of it.

use fastrand::Rng;

use crate::text::{apns_token, fcm_token, pick};
use crate::values::{ANDROID_MODELS, ANDROID_VERSIONS, APPLE_MODELS, APPLE_VERSIONS, LOCALES};

/// A device that can be sent to.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) platform: Platform,
    pub(crate) token: Vec<u8>,
    /// As the inside of a JSON string.
    pub(crate) model: &'static str,
    pub(crate) locale: &'static str,
    pub(crate) os_version: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    Android,
    Apple,
}

impl Device {
    /// The device of a stream: the same that a contact in the API's shape has.
    pub(crate) fn draw(random: &mut Rng) -> Self {
        let mut token = Vec::with_capacity(160);
        if random.bool() {
            apns_token(&mut token, random);
            let model = pick(APPLE_MODELS, random);
            let locale = pick(LOCALES, random);
            let os_version = pick(APPLE_VERSIONS, random);
            Self { platform: Platform::Apple, token, model, locale, os_version }
        } else {
            fcm_token(&mut token, random);
            let model = pick(ANDROID_MODELS, random);
            let locale = pick(LOCALES, random);
            let os_version = pick(ANDROID_VERSIONS, random);
            Self { platform: Platform::Android, token, model, locale, os_version }
        }
    }

    /// Who made it.
    pub(crate) fn make(&self) -> &'static str {
        match self.model {
            "Pixel 8" => "Google",
            "SM-S918B" => "samsung",
            "moto g(60)" => "motorola",
            "Redmi Note 12" => "Xiaomi",
            _ => "Apple",
        }
    }
}
