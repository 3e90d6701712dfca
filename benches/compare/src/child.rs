//! One child process, measured from its start to its end.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use wait4::Wait4;

/// What one run of a child took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Taken {
    /// From just before its start until it was waited for.
    pub(crate) seconds: f64,
    /// In user mode and in the kernel, of all its threads and of what it started itself.
    pub(crate) cpu_seconds: f64,
    /// The most memory it held.
    pub(crate) peak_rss_bytes: u64,
    /// What merging wrote to temporary files, if it merged and said so.
    pub(crate) spilled_bytes: Option<u64>,
}

/// What becomes of a child's standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StandardOutput {
    /// It goes to `/dev/null`.
    Nowhere,
    /// It goes through a pipe that this process empties.
    Drained,
    /// It goes to a file.
    Into(PathBuf),
}

/// How a child proves that it did its work.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    /// The exit codes of a good end.
    pub(crate) exit_codes: &'static [i32],
    /// What it must have said on standard error, with no digit behind it and without what parts thousands; empty if it says
    /// nothing.
    pub(crate) said: String,
}

/// Runs a child to its end.
pub(crate) fn run(command: &mut Command, output: &StandardOutput, proof: &Proof) -> Result<Taken> {
    let mut said = tempfile::tempfile()?;
    command.stdin(Stdio::null()).stderr(said.try_clone()?).stdout(match output {
        StandardOutput::Nowhere => Stdio::null(),
        StandardOutput::Drained => Stdio::piped(),
        StandardOutput::Into(path) => File::create(path)?.into(),
    });
    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    if let Some(mut pipe) = child.stdout.take() {
        // As much as a pipe holds.
        let mut piece = [0; 64 << 10];
        while pipe.read(&mut piece)? > 0 {}
    }
    let used = child.wait4()?;
    let seconds = started.elapsed().as_secs_f64();
    let said = end_of(&mut said)?;
    let good_end = used.status.code().is_some_and(|code| proof.exit_codes.contains(&code));
    if !good_end || !says(&said.replace(',', ""), &proof.said) {
        bail!(
            "{command:?} ended with {}; it should have said {:?} and said: {said}",
            used.status,
            proof.said
        );
    }
    Ok(Taken {
        seconds,
        cpu_seconds: (used.rusage.utime + used.rusage.stime).as_secs_f64(),
        peak_rss_bytes: used.rusage.maxrss,
        spilled_bytes: None,
    })
}

/// The last of what was said, among it the sum of the run. It can be hundreds of megabytes in all, and what this process
/// once held the system counts as the memory of all that it starts later.
fn end_of(file: &mut File) -> Result<String> {
    const MOST_BYTES: u64 = 64 << 10;
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(MOST_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether `wanted` stands in `text`, not as the beginning of a longer number.
fn says(text: &str, wanted: &str) -> bool {
    text.match_indices(wanted)
        .any(|(at, _)| !text[at + wanted.len()..].starts_with(|next: char| next.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, output: StandardOutput, said: &str) -> Result<Taken> {
        let proof = Proof { exit_codes: &[0, 1], said: said.to_owned() };
        run(Command::new("sh").args(["-c", script]), &output, &proof)
    }

    #[test]
    fn a_child_has_to_prove_its_work() {
        use StandardOutput::{Drained, Nowhere};
        assert!(sh("echo contacts 12 >&2", Nowhere, "contacts 12").is_ok());
        assert!(sh("echo contacts 123 >&2", Nowhere, "contacts 12").is_err());
        assert!(sh("echo contacts 12", Drained, "contacts 12").is_err());
        assert!(sh("exit 1", Nowhere, "").is_ok());
        assert!(sh("exit 2", Nowhere, "").is_err());
        assert!(sh("head -c 1000000 /dev/zero; echo done >&2", Drained, "done").is_ok());
        assert!(sh("head -c 1000000 /dev/zero >&2; echo done >&2", Nowhere, "done").is_ok());
    }

    #[test]
    fn time_and_memory_are_those_of_the_child() {
        let taken = sh("sleep 0.1", StandardOutput::Nowhere, "").expect("it sleeps");
        assert!(taken.seconds >= 0.1 && taken.cpu_seconds < 0.1, "{taken:?}");
        assert!(taken.peak_rss_bytes > 100_000, "{taken:?}");
    }
}
