//! Ctrl-C and the request to terminate.

use pipeline::Stop;

use crate::exit::{Failure, INTERRUPTED, note};

/// The first signal asks the run to stop and clear away what is half done; the second ends the process at once.
pub(crate) fn stop_on_signal() -> Result<Stop, Failure> {
    stop_with(None)
}

/// The same of an upload, which says that it can be gone on with.
pub(crate) fn stop_upload_on_signal() -> Result<Stop, Failure> {
    stop_with(Some("stopped at once: the journal knows what was sent; run the same command again"))
}

fn stop_with(last_words: Option<&'static str>) -> Result<Stop, Failure> {
    let stop = Stop::default();
    let asked = stop.clone();
    ctrlc::set_handler(move || {
        if asked.is_requested() {
            // This is a thread of its own, so it may write.
            if let Some(words) = last_words {
                note(words);
            }
            std::process::exit(INTERRUPTED.into());
        }
        asked.request();
    })
    .map_err(Failure::input_output)?;
    Ok(stop)
}
