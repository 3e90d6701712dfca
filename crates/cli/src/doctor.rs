//! The command `doctor`: whether an upload would work.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use batch::manifest::Manifest;
use contact::custom_fields::Catalogue;
use contact::mask_text;
use reteno::CallError;

use crate::api;
use crate::args::DoctorArgs;
use crate::exit::{self, Failure};

/// A clock that is further off than this breaks encrypted connections sooner or later.
const MOST_CLOCK_ERROR: Duration = Duration::from_secs(120);

/// Checks the key, the account and the clock.
pub(crate) fn doctor(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let client = api::client(&args.api)?;
    let address = client.base().to_string();
    let asked = reteno::block_on(async {
        let account = client.account().await;
        // Whoever does not accept the key, or is not there, is asked nothing more.
        if matches!(&account, Err(CallError::Denied { .. })) || account.as_ref().is_err_and(is_away) {
            return (account, None);
        }
        (account, Some((client.server_time().await, client.address_books().await)))
    });
    let (account, others) = asked.map_err(Failure::input_output)?;
    if let Some(error) = account.as_ref().err().filter(|error| is_away(error)) {
        let told = writeln!(
            io::stdout().lock(),
            "failed  connection: {address}: {error}\n        check --base-url and the network, a firewall or a proxy between\n\
             not checked: key, clock, custom fields"
        );
        told.map_err(Failure::of_stdout)?;
        return Ok(exit::UPLOAD_INCOMPLETE.into());
    }
    let mut findings = vec![Finding::good("address", address)];
    findings.push(match account {
        Ok(account) => {
            let organisation = account.organisation_name.unwrap_or_else(|| "without a name".to_owned());
            let user = account.user_email.map(|email| format!(", user {}", mask_text(&email))).unwrap_or_default();
            Finding::good("key", format!("of the organisation {organisation}{user}"))
        }
        Err(error @ CallError::Denied { .. }) => Finding::bad(
            "key",
            error,
            "make a new key in the settings of the account; a key that was not used for 90 days is switched off, and it \
             needs the right to import contacts",
        ),
        Err(error) => Finding::bad("key", error, "check the network and --base-url"),
    });
    if let Some((time, address_books)) = others {
        findings.push(clock(time));
        findings.push(match address_books {
            Ok(answer) => fields(args.folder.as_deref(), &answer)?,
            Err(error) => Finding::bad("custom fields", error, "the key may lack the right to read them"),
        });
    }
    let mut out = io::stdout().lock();
    for Finding { what, state, advice } in &findings {
        let written = match (state, advice) {
            (Ok(words), _) => writeln!(out, "ok      {what}: {words}"),
            (Err(words), advice) => writeln!(out, "failed  {what}: {words}\n        {advice}"),
        };
        written.map_err(Failure::of_stdout)?;
    }
    let is_well = findings.iter().all(|finding| finding.state.is_ok());
    Ok(if is_well { exit::DONE } else { exit::UPLOAD_INCOMPLETE }.into())
}

/// Whether nobody answers, so that nothing else can be found out.
fn is_away(error: &CallError) -> bool {
    matches!(error, CallError::NoConnection(_) | CallError::NoAnswer(_))
}

struct Finding {
    what: &'static str,
    state: Result<String, String>,
    advice: &'static str,
}

impl Finding {
    fn good(what: &'static str, words: String) -> Self {
        Self { what, state: Ok(words), advice: "" }
    }

    fn bad(what: &'static str, why: impl ToString, advice: &'static str) -> Self {
        Self { what, state: Err(why.to_string()), advice }
    }
}

fn clock(time: Result<SystemTime, CallError>) -> Finding {
    let server = match time {
        Ok(server) => server,
        Err(error) => {
            return Finding::bad("clock", error, "it could not be compared with that of the server");
        }
    };
    let now = SystemTime::now();
    let off = now.duration_since(server).or_else(|_| server.duration_since(now)).unwrap_or_default();
    if off > MOST_CLOCK_ERROR {
        let words = format!("{} seconds off that of the server", off.as_secs());
        return Finding::bad("clock", words, "set the clock of this machine");
    }
    Finding::good("clock", "as the server has it".to_owned())
}

/// Whether the account has the custom fields that a prepared folder updates.
fn fields(folder: Option<&Path>, answer: &[u8]) -> Result<Finding, Failure> {
    const WHAT: &str = "custom fields";
    let catalogue = match Catalogue::read(answer) {
        Ok(catalogue) => catalogue,
        Err(error) => return Ok(Finding::bad(WHAT, error, "the catalogue of the account cannot be read")),
    };
    let Some(folder) = folder else {
        return Ok(Finding::good(WHAT, format!("the account has {}", catalogue.len())));
    };
    let manifest = Manifest::read(folder).map_err(Failure::usage)?;
    let wanted: BTreeSet<i32> =
        manifest.batches.iter().flat_map(|batch| &batch.custom_fields_ids).copied().collect();
    let missing: Vec<String> =
        wanted.iter().filter(|id| catalogue.get(**id).is_none()).map(ToString::to_string).collect();
    if missing.is_empty() {
        return Ok(Finding::good(
            WHAT,
            format!("the account has all {} of {}", wanted.len(), folder.display()),
        ));
    }
    let words = format!("the account has no {}", missing.join(", "));
    let advice =
        "create them in Reteno, or take them out of the records; a new field is known after up to an hour";
    Ok(Finding::bad(WHAT, words, advice))
}
