//! Ctrl-C and the request to terminate.

use pipeline::Stop;

use crate::exit::{Failure, INTERRUPTED};

/// The first signal asks the run to stop and clear away what is half done; the second ends the process at once.
pub(crate) fn stop_on_signal() -> Result<Stop, Failure> {
    let stop = Stop::default();
    let asked = stop.clone();
    ctrlc::set_handler(move || {
        if asked.is_requested() {
            std::process::exit(INTERRUPTED.into());
        }
        asked.request();
    })
    .map_err(Failure::input_output)?;
    Ok(stop)
}
