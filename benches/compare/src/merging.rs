//! What merging costs: the whole job on files with more and more rows of one key, by policy and budget of memory.

use std::fmt::{self, Write};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use synthetic::{Config, FieldSets};

use crate::cases::{Case, Places, all_written};
use crate::child::{Proof, StandardOutput};
use crate::input::{self, InputFile};
use crate::report::Measured;

/// How many rows in a hundred repeat a key.
const REPEATED_PERCENTS: [u32; 3] = [0, 10, 70];

/// How many rows in a thousand have a token that was another contact's, where keys are repeated at all.
const MOVED_TOKENS_PER_MILLE: u32 = 2;

/// A budget in which all fits.
const ENOUGH_MEMORY: &str = "4GiB";

/// Of a file of so many megabytes with every key its own, ...
const REFERENCE_MEGABYTES: u64 = 600;

/// ... a tenth of what its keys need in memory, roughly.
const REFERENCE_BUDGET_MIB: u64 = 16;

const THREADS: usize = 2;

const KEEP: &str = "keep";

/// A generated file with what is known of its keys.
pub(crate) struct MergeInput {
    pub(crate) file: InputFile,
    repeated_percent: u32,
    /// How many different keys it has.
    keys: u64,
}

impl MergeInput {
    /// Finds the files in `folder`, or makes them. The first is the clean one of the whole job.
    pub(crate) fn prepare(folder: &Path, megabytes: u64) -> Result<Vec<Self>> {
        REPEATED_PERCENTS.iter().map(|&percent| Self::of(folder, percent, megabytes)).collect()
    }

    fn of(folder: &Path, repeated_percent: u32, megabytes: u64) -> Result<Self> {
        let about = match repeated_percent {
            0 => input::CLEAN,
            10 => "a row for each device, 10 % of the rows repeat a key, 0.2 % have a token that moved",
            _ => "a row for each device, most of the rows repeat a key, 0.2 % have a token that moved",
        };
        let config = Config {
            contacts: u64::MAX,
            repeats_per_mille: repeated_percent * 10,
            moved_tokens_per_mille: if repeated_percent == 0 { 0 } else { MOVED_TOKENS_PER_MILLE },
            field_sets: FieldSets::One,
            ..Config::default()
        };
        let file = input::generated(folder, about, config, megabytes)?;
        let keys = input::keys(config, file.records);
        Ok(Self { file, repeated_percent, keys })
    }
}

/// What sets a case of merging apart.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Setting {
    repeated_percent: u32,
    policy: &'static str,
    /// What `--memory` says, if anything.
    memory: Option<String>,
}

/// A case of merging with what its rounds took.
#[derive(Debug, Serialize)]
pub(crate) struct MeasuredMerge {
    pub(crate) setting: Setting,
    #[serde(flatten)]
    pub(crate) measured: Measured,
}

/// The budget that is a tenth of what the keys of so many megabytes need.
pub(crate) fn small_budget(megabytes: u64) -> String {
    format!("{}MiB", (megabytes * REFERENCE_BUDGET_MIB / REFERENCE_MEGABYTES).max(1))
}

/// All cases: each file with rows kept, merged in memory, and merged within the small budget.
pub(crate) fn cases(places: &Places, inputs: &[MergeInput], small_budget: &str) -> Vec<(Case, Setting)> {
    let policies = [(KEEP, None), ("merge", Some(ENOUGH_MEMORY)), ("merge", Some(small_budget))];
    let pairs = inputs.iter().flat_map(|input| policies.map(|policy| (input, policy)));
    pairs
        .map(|(input, (policy, memory))| {
            let memory = memory.map(str::to_owned);
            let setting = Setting { repeated_percent: input.repeated_percent, policy, memory };
            (case(places, input, &setting), setting)
        })
        .collect()
}

fn case(places: &Places, input: &MergeInput, setting: &Setting) -> Case {
    let percent = setting.repeated_percent;
    let report = places.data.join("compare-merging.json");
    let report_text = report.to_string_lossy();
    let threads = THREADS.to_string();
    let mut arguments = vec!["--on-duplicate", setting.policy, "--discard", "--threads", &threads];
    let mut name = format!("{}-repeated{percent}", setting.policy);
    let mut title = format!("{percent} % repeated, `--on-duplicate {}`", setting.policy);
    if let Some(memory) = &setting.memory {
        arguments.extend(["--memory", memory, "--report", &report_text]);
        name = format!("{name}-{memory}");
        title = format!("{title}, `--memory {memory}`");
    }
    let (records, keys) = (input.file.records, input.keys);
    let proof = if setting.policy == KEEP {
        all_written(&input.file)
    } else {
        let merged = records - keys;
        let said = format!("read {records} = written {keys} + merged {merged} + rejected 0");
        Proof { exit_codes: &[0], said }
    };
    Case {
        name: format!("{name}-{THREADS}"),
        title,
        threads: THREADS,
        bytes: input.file.bytes,
        command: places.prepare(&arguments, &input.file.path),
        output: StandardOutput::Nowhere,
        merging_report: setting.memory.is_some().then(|| report.clone()),
        fresh: Some(report),
        proof,
    }
}

/// How many bytes a run wrote to temporary files, by its `--report`.
pub(crate) fn spilled_bytes(report: &Path) -> Result<u64> {
    #[derive(Deserialize)]
    struct Report {
        merging: Merging,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Merging {
        spilled_bytes: u64,
    }
    let context = || format!("{} does not say what merging wrote", report.display());
    let text = fs::read(report).with_context(context)?;
    let report: Report = serde_json::from_slice(&text).with_context(context)?;
    Ok(report.merging.spilled_bytes)
}

/// The table of all cases, each beside the one that kept the rows of the same file.
pub(crate) fn write_table(cases: &[MeasuredMerge], out: &mut String) -> fmt::Result {
    if cases.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n| merging: repeated rows | `--on-duplicate` | `--memory` | GB/s | spread | of `{KEEP}` | s | CPU s | peak RSS MiB | spilled bytes per input byte |"
    )?;
    writeln!(out, "|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|")?;
    for MeasuredMerge { setting, measured } in cases {
        let kept = cases.iter().find(|other| {
            other.setting.policy == KEEP && other.setting.repeated_percent == setting.repeated_percent
        });
        let of_kept = kept.map(|kept| measured.gb_per_second / kept.measured.gb_per_second * 100.0);
        let spilled = measured.spilled_bytes.map(|bytes| bytes as f64 / measured.bytes as f64);
        let none = || "–".to_owned();
        writeln!(
            out,
            "| {} % | `{}` | {} | {:.3} | {:.0} % | {} | {:.3} | {:.3} | {:.1} | {} |",
            setting.repeated_percent,
            setting.policy,
            setting.memory.as_deref().unwrap_or("–"),
            measured.gb_per_second,
            measured.spread * 100.0,
            of_kept.map_or_else(none, |percent| format!("{percent:.0} %")),
            measured.median_seconds,
            measured.median_cpu_seconds,
            measured.peak_rss_mib,
            spilled.map_or_else(none, |share| format!("{share:.2}")),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::Taken;

    #[test]
    fn files_have_as_many_keys_as_rows_do_not_repeat_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let inputs = MergeInput::prepare(folder.path(), 1).expect("files");
        for (input, percent) in inputs.iter().zip(REPEATED_PERCENTS) {
            let repeated = (input.file.records - input.keys) * 100;
            let wanted = u64::from(percent) * input.file.records;
            assert!(repeated.abs_diff(wanted) <= 4 * input.file.records, "{:?}: {}", input.file, input.keys);
        }
        let again = MergeInput::prepare(folder.path(), 1).expect("files");
        assert_eq!(again[2].keys, inputs[2].keys);
    }

    #[test]
    fn every_file_is_kept_and_merged_with_much_memory_and_with_little() {
        let folder = tempfile::tempdir().expect("a folder");
        let inputs = MergeInput::prepare(folder.path(), 1).expect("files");
        let places = Places {
            harness: "compare".into(),
            product: "reteno-import".into(),
            data: folder.path().to_owned(),
        };
        let cases = cases(&places, &inputs, &small_budget(1200));
        let arguments = |nth: usize| {
            let command = (cases[nth].0.command)();
            command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(cases.len(), 9);
        assert_eq!(
            arguments(3)[..6],
            ["prepare", "--on-duplicate", "keep", "--discard", "--threads", "2"],
            "{:?}",
            cases[3].1
        );
        assert_eq!(
            arguments(5)[1..9],
            ["--on-duplicate", "merge", "--discard", "--threads", "2", "--memory", "32MiB", "--report"]
        );
        let (records, keys) = (inputs[1].file.records, inputs[1].keys);
        let said = format!("read {records} = written {keys} + merged {} + rejected 0", records - keys);
        assert_eq!(cases[5].0.proof.said, said);
        assert!(cases[3].0.merging_report.is_none() && cases[5].0.merging_report.is_some());
    }

    #[test]
    fn the_report_of_a_run_says_what_it_spilled() {
        let file = |text: &str| {
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            std::io::Write::write_all(&mut file, text.as_bytes()).expect("it takes the text");
            file
        };
        let told =
            "{\"version\":\"1\",\"merging\":{\"rows\":3,\"keys\":2,\"conflicts\":0,\"spilledBytes\":1234}}";
        assert_eq!(spilled_bytes(file(told).path()).ok(), Some(1234));
        assert!(spilled_bytes(file("{\"version\":\"1\"}").path()).is_err());
        assert!(spilled_bytes(Path::new("nowhere.json")).is_err());
    }

    #[test]
    fn each_case_stands_beside_the_one_that_kept_the_rows_of_the_same_file() {
        let measured = |repeated_percent, memory: Option<&str>, seconds, spilled_bytes| {
            let policy = if memory.is_some() { "merge" } else { KEEP };
            let taken = Taken { seconds, cpu_seconds: 2.0 * seconds, peak_rss_bytes: 3 << 19, spilled_bytes };
            MeasuredMerge {
                setting: Setting { repeated_percent, policy, memory: memory.map(str::to_owned) },
                measured: Measured::new(
                    String::new(),
                    String::new(),
                    2,
                    1_000_000_000,
                    String::new(),
                    &[taken],
                ),
            }
        };
        let cases = [
            measured(0, None, 1.0, None),
            measured(10, None, 2.0, None),
            measured(10, Some("16MiB"), 4.0, Some(1_500_000_000)),
        ];
        let mut text = String::new();
        write_table(&cases, &mut text).expect("a string takes it");
        for line in [
            "| 10 % | `keep` | – | 0.500 | 0 % | 100 % | 2.000 | 4.000 | 1.5 | – |",
            "| 10 % | `merge` | 16MiB | 0.250 | 0 % | 50 % | 4.000 | 8.000 | 1.5 | 1.50 |",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
        }
        let mut nothing = String::new();
        write_table(&[], &mut nothing).expect("a string takes it");
        assert_eq!(nothing, "");
    }
}
