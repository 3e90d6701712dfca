//! What an upload meets while it runs, for people.

use indicatif::ProgressBar;
use reteno::{News, UploadProgress};

use crate::args::TellingArgs;
use crate::exit::note;

/// Prints a line when the server is away, and one when it is back; above the bar, if it is shown.
pub(crate) fn tell_news(progress: &UploadProgress, bar: ProgressBar, telling: &TellingArgs) {
    if telling.quiet {
        return;
    }
    progress.listen(move |news| {
        let line = if *news == News::Back { news.to_string() } else { format!("warning: {news}") };
        bar.suspend(|| note(&line));
    });
}
