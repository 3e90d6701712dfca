//! The command `check`.

use std::process::ExitCode;

use anyhow::anyhow;
use contact::Formats;
use ndjson::{AutoRule, HashInputs};
use pipeline::Task;

use crate::args::CheckArgs;
use crate::config::Settings;
use crate::exit::Failure;
use crate::report::Purpose;
use crate::session::{self, Contacts, RejectsTo, Session};
use crate::{interrupt, paths, report};

/// Checks records; nothing but what is told is written.
pub(crate) fn check(args: &CheckArgs, settings: Settings) -> Result<ExitCode, Failure> {
    if args.assert_formats && !args.raw {
        return Err(Failure::usage(anyhow!(
            "--assert-formats goes with --raw; contacts are always held to formats"
        )));
    }
    let auto = if args.raw { AutoRule::Lines } else { AutoRule::Contacts };
    let mut reader = session::reader(&args.input, &args.work, auto, HashInputs::No)?;
    let task = if args.raw {
        let formats = if args.assert_formats { Formats::Assert } else { Formats::AsDialect };
        let schema = session::user_schema(&args.rules, formats)?
            .ok_or_else(|| Failure::usage(anyhow!("--raw needs --schema: the schema to validate by")))?;
        Task::Raw(Box::new(schema))
    } else {
        let contacts = Contacts::of(&args.input, &args.rules, &args.merging, None)?;
        reader = session::recognising(&contacts.sources, reader);
        contacts.task(None)
    };
    let inputs = session::inputs(&args.input)?;
    let rejects = session::rejects_to(&args.telling).unwrap_or(RejectsTo::Told);
    paths::keep_apart(&inputs, &args.input.source, &args.rules, &args.telling, &settings, None)?;
    let reader = session::begin(inputs, reader)?;
    let reports = report::create(&args.telling, None)?;
    paths::can_be_written(&rejects, None)?;
    let job = session::job(reader, task, &args.telling, &args.work);
    let stop = interrupt::stop_on_signal()?;
    let purpose = if args.raw { Purpose::Validate } else { Purpose::Check };
    Session::of(&job, &args.telling, settings, rejects, purpose, stop).run(job, reports)
}
