//! Progress: a bar on a terminal, and a line now and then where there is none but progress is wanted.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use pipeline::Progress;
use reteno::{Snapshot, UploadProgress};

use crate::args::{ProgressArg, TellingArgs};
use crate::exit::note;
use crate::summary::plural;

/// How often the bar is drawn.
const INTERVAL: Duration = Duration::from_millis(100);

/// How often a line is printed where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// What is drawn, in two lines that fit the terminal, however wide it is when they are drawn: the bar takes the room that is
/// left of the first one, and the second one ends where there is no more room.
const WITH_TOTAL: &str = "{wide_bar} {percent:>3}%  {bytes}/{total_bytes}  ETA {eta}\n{wide_msg}";

/// The same where it is not known how much there is.
const WITHOUT_TOTAL: &str = "{spinner} {bytes} read  {bytes_per_sec}  {elapsed}\n{wide_msg}";

/// The same when all is read.
const ALL_READ: &str = "{spinner} {bytes} read  {elapsed}\n{wide_msg}";

/// The same of what is done in steps.
const STEPS: &str = "{bar:20} {percent:>3}%  {elapsed}  {wide_msg}";

/// The same of an upload of bodies that are ready.
const UPLOAD: &str = "{spinner} {elapsed}  {wide_msg}";

/// The same where it is known how many contacts there are.
const UPLOAD_OF_TOTAL: &str = "{wide_bar} {percent:>3}%  ETA {eta}\n{wide_msg}";

/// A bar that follows a run until it is dropped.
pub(crate) struct Following {
    bar: ProgressBar,
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// What an upload has to send, once that is known.
    of_total: Arc<OnceLock<OfTotal>>,
}

/// The contacts of an upload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfTotal {
    /// All of them.
    pub(crate) all: u64,
    /// Those that earlier runs are done with.
    pub(crate) before: u64,
}

/// A bar that is shown if it is wanted, and hidden otherwise.
pub(crate) fn bar(wanted: ProgressArg) -> ProgressBar {
    let shown = match wanted {
        ProgressArg::Auto => stderr().is_terminal(),
        ProgressArg::Always => true,
        ProgressArg::Never => false,
    };
    if !shown {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    bar.set_style(style(WITHOUT_TOTAL));
    bar
}

/// A bar of steps on a terminal, with what is done at the moment as its message.
pub(crate) fn steps(steps: u64, quiet: bool) -> ProgressBar {
    // It goes away when nobody follows it any more, however that comes.
    let bar =
        bar(if quiet { ProgressArg::Never } else { ProgressArg::Auto }).with_finish(ProgressFinish::AndClear);
    bar.set_length(steps);
    bar.set_style(style(STEPS));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Lets the bar follow the run.
pub(crate) fn follow(
    bar: ProgressBar,
    wanted: ProgressArg,
    progress: Progress,
    uploading: Option<UploadProgress>,
) -> Following {
    let done = Arc::new(AtomicBool::new(false));
    let lines = wanted == ProgressArg::Always && bar.is_hidden();
    if lines {
        return Following {
            bar,
            thread: Some(print_lines(Arc::clone(&done), move |elapsed| {
                line(&progress, elapsed, uploading.as_ref())
            })),
            done,
            of_total: Arc::default(),
        };
    }
    let thread = (!bar.is_hidden()).then(|| {
        let (bar, done) = (bar.clone(), Arc::clone(&done));
        std::thread::spawn(move || {
            let mut total = 0;
            let mut is_all_read = false;
            // It is drawn once more at the end: a short run is over before it is known how much there is.
            loop {
                let is_done = done.load(Ordering::Relaxed);
                if total != progress.total_bytes() {
                    total = progress.total_bytes();
                    bar.set_length(total);
                    bar.set_style(style(WITH_TOTAL));
                }
                if total == 0 && !is_all_read && progress.merging().is_some() {
                    is_all_read = true;
                    bar.set_style(style(ALL_READ));
                }
                bar.set_position(progress.bytes_read());
                bar.set_message(message(&progress, bar.elapsed(), uploading.as_ref()));
                bar.tick();
                if is_done {
                    return;
                }
                std::thread::park_timeout(INTERVAL);
            }
        })
    });
    Following { bar, done, thread, of_total: Arc::default() }
}

/// What stands below the bar. What matters most comes first, as the end may not have room.
fn message(progress: &Progress, elapsed: Duration, uploading: Option<&UploadProgress>) -> String {
    records(progress) + &merging(progress) + &requests(uploading) + &speed(progress, elapsed)
}

/// How many records there were.
fn records(progress: &Progress) -> String {
    format!("{} records, {} rejected", HumanCount(progress.records()), HumanCount(progress.rejected()))
}

/// How many records a second there were since the run began, as long as any are read.
fn speed(progress: &Progress, elapsed: Duration) -> String {
    if progress.merging().is_some() {
        return String::new();
    }
    let a_second = progress.records() as f64 / elapsed.as_secs_f64().max(1e-3);
    format!(", {} records/s", HumanCount(a_second as u64))
}

/// How many of the records that wait for others of their key are dealt with, after something else.
fn merging(progress: &Progress) -> String {
    let Some((held, regrouped)) = progress.merging() else { return String::new() };
    format!("; {} of {} grouped by key", HumanCount(regrouped), HumanCount(held))
}

/// How far an upload is, after something else.
fn requests(uploading: Option<&UploadProgress>) -> String {
    uploading.map(|progress| format!("; {}", upload(&progress.snapshot(), None))).unwrap_or_default()
}

/// How far an upload is.
fn upload(snapshot: &Snapshot, of_total: Option<OfTotal>) -> String {
    let Snapshot { batches, contacts, under_way, retries, sessions } = *snapshot;
    let accepted = match of_total {
        Some(OfTotal { all, before }) => {
            format!("{} of {} contacts accepted", HumanCount(before + contacts), HumanCount(all))
        }
        None => format!("{} accepted in {}", plural(contacts, "contact"), plural(batches, "request")),
    };
    format!(
        "{accepted}, {under_way} on their way, {} sent again, {} not ended",
        HumanCount(retries),
        plural(sessions, "import")
    )
}

/// How far a run over records is.
fn line(progress: &Progress, elapsed: Duration, uploading: Option<&UploadProgress>) -> String {
    let of_total = match progress.total_bytes() {
        0 => String::new(),
        total => format!(" of {}", HumanBytes(total)),
    };
    format!(
        "{}{of_total} read, {}{}{}{}",
        HumanBytes(progress.bytes_read()),
        records(progress),
        speed(progress, elapsed),
        merging(progress),
        requests(uploading)
    )
}

/// Lets a bar follow an upload of bodies that are ready.
pub(crate) fn follow_upload(telling: &TellingArgs, progress: UploadProgress) -> Following {
    let wanted = if telling.quiet { ProgressArg::Never } else { telling.progress };
    let bar = bar(wanted);
    let done = Arc::new(AtomicBool::new(false));
    let of_total: Arc<OnceLock<OfTotal>> = Arc::default();
    let known = Arc::clone(&of_total);
    let words = move |elapsed: Duration, snapshot: &Snapshot| {
        let a_second = snapshot.contacts as f64 / elapsed.as_secs_f64().max(1e-3);
        format!("{}, {} contacts/s", upload(snapshot, known.get().copied()), HumanCount(a_second as u64))
    };
    if wanted == ProgressArg::Always && bar.is_hidden() {
        let words = move |elapsed| words(elapsed, &progress.snapshot());
        return Following { bar, thread: Some(print_lines(Arc::clone(&done), words)), done, of_total };
    }
    bar.set_style(style(UPLOAD));
    let thread = (!bar.is_hidden()).then(|| {
        let (bar, done, of_total) = (bar.clone(), Arc::clone(&done), Arc::clone(&of_total));
        std::thread::spawn(move || {
            let mut has_total = false;
            while !done.load(Ordering::Relaxed) {
                let snapshot = progress.snapshot();
                if let Some(OfTotal { all, before }) = of_total.get()
                    && !has_total
                {
                    has_total = true;
                    // What earlier runs did says nothing about how long the rest takes.
                    bar.set_length(all - before);
                    bar.set_style(style(UPLOAD_OF_TOTAL));
                }
                bar.set_position(snapshot.contacts);
                bar.set_message(words(bar.elapsed(), &snapshot));
                bar.tick();
                std::thread::park_timeout(INTERVAL);
            }
        })
    });
    Following { bar, done, thread, of_total }
}

impl Following {
    /// So many contacts an upload has.
    pub(crate) fn know_total(&self, of_total: OfTotal) {
        let _ = self.of_total.set(of_total);
    }

    /// The bar, for who prints lines above it.
    pub(crate) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }
}

/// Prints a line now and then, and one at the end.
fn print_lines(done: Arc<AtomicBool>, words: impl Fn(Duration) -> String + Send + 'static) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let started = Instant::now();
        let mut next = started + LINE_INTERVAL;
        loop {
            let is_done = done.load(Ordering::Relaxed);
            if is_done || Instant::now() >= next {
                note(&words(started.elapsed()));
                next += LINE_INTERVAL;
            }
            if is_done {
                return;
            }
            std::thread::park_timeout(INTERVAL);
        }
    })
}

impl Drop for Following {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    /// What a terminal of that width shows.
    fn drawn(width: u16, template: &str, message: &str) -> Vec<String> {
        let terminal = InMemoryTerm::new(10, width);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let bar = ProgressBar::with_draw_target(Some(48 << 30), target).with_style(style(template));
        bar.set_position(12_345_678_901);
        bar.set_message(message.to_owned());
        bar.tick();
        terminal.contents().lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_bar_has_two_lines_in_a_terminal_of_any_width() {
        let message = "123,456,789 records, 1,234,567 rejected; 12,345,678 of 123,456,789 grouped by key; 1,234,567 contacts \
                       accepted in 1,234 requests, 8 on their way, 0 sent again, 12 imports not ended";
        for width in [50, 80, 132, 250] {
            for template in [WITH_TOTAL, WITHOUT_TOTAL, ALL_READ, UPLOAD_OF_TOTAL] {
                let lines = drawn(width, template, message);
                assert_eq!(lines.len(), 2, "{width}: {lines:#?}");
                let said = if template == UPLOAD_OF_TOTAL { " 24%  ETA " } else { "11.50 GiB" };
                assert!(lines[0].contains(said), "{width}: {lines:#?}");
                assert!(
                    lines[1].starts_with("123,456,789 records, 1,234,567 rejected"),
                    "{width}: {lines:#?}"
                );
            }
            // It is as wide as there is room for.
            let line = &drawn(width, WITH_TOTAL, message)[0];
            assert!(line.contains(" 24%  11.50 GiB/48.00 GiB  ETA "), "{width}: {line}");
            assert_eq!(line.trim_end().chars().count(), usize::from(width), "{line}");
            for template in [STEPS, UPLOAD] {
                assert_eq!(drawn(width, template, message).len(), 1, "{width}");
            }
        }
    }
}
