//! The command `check`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use contact::Formats;
use ndjson::{AutoRule, HashInputs};
use pipeline::Task;

use crate::args::CheckArgs;
use crate::exit::Failure;
use crate::session::{self, RejectsTo, Session};

/// Checks records; nothing but what is told is written.
pub(crate) fn check(args: &CheckArgs, config: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let auto = if args.raw { AutoRule::Lines } else { AutoRule::Contacts };
    let reader = session::reader(&args.input, &args.work, auto, HashInputs::No)?;
    let task = if args.raw {
        let formats = if args.assert_formats { Formats::Assert } else { Formats::AsDialect };
        let schema = session::user_schema(&args.rules, formats)?
            .ok_or_else(|| Failure::usage(anyhow!("--raw needs --schema: the schema to validate by")))?;
        Task::Raw(Box::new(schema))
    } else {
        let rules = Box::new(session::rules(&args.rules)?);
        Task::Contacts { rules, on_duplicate: session::on_duplicate(&args.rules), output: None }
    };
    let inputs = session::inputs(&args.input)?;
    let reports = session::reports(&args.telling)?;
    let rejects = session::rejects_to(&args.telling).unwrap_or(RejectsTo::Told);
    let job = session::job(inputs, reader, task, &args.telling, &args.work);
    Session { telling: &args.telling, config, rejects, folder: None }.run(job, &reports)
}
