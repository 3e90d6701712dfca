//! Looking up some of the uploaded tokens, to see that they have arrived.

use contact::mask_text;
use serde::{Deserialize, Serialize};

use super::{Shared, lock};
use crate::client::CallError;
use crate::journal::Failed;
use crate::part::{Part, RequestBody};

/// What looking up tokens showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// Tokens that were looked up with an answer.
    pub looked_up: u64,
    /// Tokens that the API does not know, masked, with what they belong to.
    pub missing: Vec<String>,
    /// Tokens for which there was no answer.
    pub unanswered: u64,
}

/// Tokens of mobile push chosen at random, each with the same chance, out of any number.
pub(super) struct Sample {
    most: usize,
    seen: usize,
    tokens: Vec<Token>,
    random: fastrand::Rng,
}

struct Token {
    app: String,
    token: String,
    source: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Channels {
    channels: Vec<Channel>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Channel {
    #[serde(rename = "type")]
    kind: String,
    value: String,
    device: Device,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Device {
    app_id: String,
}

impl Sample {
    pub(super) fn new(most: usize) -> Self {
        Self { most, seen: 0, tokens: Vec::new(), random: fastrand::Rng::new() }
    }

    /// Looks at the tokens of a part that was accepted.
    pub(super) fn take(&mut self, body: &RequestBody, part: Part, failed: &[Failed]) {
        for contact in part.from..part.to {
            if failed.iter().any(|failed| failed.contact == Some(contact)) {
                continue;
            }
            let Ok(Channels { channels }) = serde_json::from_slice(body.contact(contact)) else { continue };
            for Channel { kind, value, device } in channels {
                if kind != "mobilepush" || device.app_id.is_empty() || value.is_empty() {
                    continue;
                }
                let source = format!("contact {} of {}", contact + 1, part.batch);
                let token = Token { app: device.app_id, token: value, source };
                self.seen += 1;
                if self.tokens.len() < self.most {
                    self.tokens.push(token);
                } else {
                    let place = self.random.usize(..self.seen);
                    if let Some(chosen) = self.tokens.get_mut(place) {
                        *chosen = token;
                    }
                }
            }
        }
    }
}

/// Looks up what was chosen.
pub(super) async fn verify(shared: &Shared) {
    let tokens = std::mem::take(&mut lock(&shared.sample).tokens);
    let mut verified = Verified::default();
    for Token { app, token, source } in tokens {
        tokio::select! {
            () = shared.poll_pace.turn() => {}
            () = shared.halted() => break,
        }
        match shared.client.contact_of_token(&app, &token).await {
            Ok(()) => verified.looked_up += 1,
            Err(CallError::Unknown { .. }) => {
                verified.looked_up += 1;
                verified.missing.push(format!("{} ({source})", mask_text(&token)));
            }
            Err(_) => verified.unanswered += 1,
        }
    }
    *lock(&shared.verified) = Some(verified);
}
