//! Progress: a bar on a terminal, and a line now and then where there is none but progress is wanted.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use pipeline::Progress;
use reteno::{Snapshot, UploadProgress};

use crate::args::{ProgressArg, TellingArgs};
use crate::exit::note;

/// How often the bar is drawn.
const INTERVAL: Duration = Duration::from_millis(100);

/// How often a line is printed where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// A bar that follows a run until it is dropped.
pub(crate) struct Following {
    bar: ProgressBar,
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
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
    bar.set_style(style("{spinner} {bytes} read  {bytes_per_sec}  {elapsed}  {msg}"));
    bar
}

/// A bar of steps on a terminal, with what is done at the moment as its message.
pub(crate) fn steps(steps: u64, quiet: bool) -> ProgressBar {
    // It goes away when nobody follows it any more, however that comes.
    let bar =
        bar(if quiet { ProgressArg::Never } else { ProgressArg::Auto }).with_finish(ProgressFinish::AndClear);
    bar.set_length(steps);
    bar.set_style(style("{bar:20} {percent}%  {elapsed}  {msg}"));
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
        };
    }
    let thread = (!bar.is_hidden()).then(|| {
        let (bar, done) = (bar.clone(), Arc::clone(&done));
        std::thread::spawn(move || {
            let mut total = 0;
            while !done.load(Ordering::Relaxed) {
                if total != progress.total_bytes() {
                    total = progress.total_bytes();
                    bar.set_length(total);
                    bar.set_style(style(
                        "{bar:20} {percent}%  {bytes}/{total_bytes}  {bytes_per_sec}  ETA {eta}  {msg}",
                    ));
                }
                bar.set_position(progress.bytes_read());
                bar.set_message(records(&progress, bar.elapsed()) + &requests(uploading.as_ref()));
                bar.tick();
                std::thread::park_timeout(INTERVAL);
            }
        })
    });
    Following { bar, done, thread }
}

/// How many records there were, and how many a second since the run began.
fn records(progress: &Progress, elapsed: Duration) -> String {
    let a_second = progress.records() as f64 / elapsed.as_secs_f64().max(1e-3);
    format!(
        "{} records, {} rejected, {} records/s",
        HumanCount(progress.records()),
        HumanCount(progress.rejected()),
        HumanCount(a_second as u64)
    ) + &merging(progress)
}

/// How far merging is, after something else.
fn merging(progress: &Progress) -> String {
    let Some((held, regrouped)) = progress.merging() else { return String::new() };
    format!("; {} of {} merged", HumanCount(regrouped), HumanCount(held))
}

/// How far an upload is, after something else.
fn requests(uploading: Option<&UploadProgress>) -> String {
    uploading.map(|progress| format!("; {}", upload(progress))).unwrap_or_default()
}

/// How far an upload is.
fn upload(progress: &UploadProgress) -> String {
    let Snapshot { batches, contacts, under_way, retries, sessions } = progress.snapshot();
    format!(
        "{} contacts accepted in {} requests, {under_way} on their way, {} sent again, {} imports not ended",
        HumanCount(contacts),
        HumanCount(batches),
        HumanCount(retries),
        HumanCount(sessions)
    )
}

/// How far a run over records is.
fn line(progress: &Progress, elapsed: Duration, uploading: Option<&UploadProgress>) -> String {
    let of_total = match progress.total_bytes() {
        0 => String::new(),
        total => format!(" of {}", HumanBytes(total)),
    };
    format!(
        "{}{of_total} read, {}{}",
        HumanBytes(progress.bytes_read()),
        records(progress, elapsed),
        requests(uploading)
    )
}

/// Lets a bar follow an upload of bodies that are ready.
pub(crate) fn follow_upload(telling: &TellingArgs, progress: UploadProgress) -> Following {
    let wanted = if telling.quiet { ProgressArg::Never } else { telling.progress };
    let bar = bar(wanted);
    let done = Arc::new(AtomicBool::new(false));
    let words = move |elapsed: Duration| {
        let a_second = progress.snapshot().contacts as f64 / elapsed.as_secs_f64().max(1e-3);
        format!("{}, {} contacts/s", upload(&progress), HumanCount(a_second as u64))
    };
    if wanted == ProgressArg::Always && bar.is_hidden() {
        return Following { bar, thread: Some(print_lines(Arc::clone(&done), words)), done };
    }
    bar.set_style(style("{spinner} {elapsed}  {msg}"));
    let thread = (!bar.is_hidden()).then(|| {
        let (bar, done) = (bar.clone(), Arc::clone(&done));
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                bar.set_message(words(bar.elapsed()));
                bar.tick();
                std::thread::park_timeout(INTERVAL);
            }
        })
    });
    Following { bar, done, thread }
}

impl Following {
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
