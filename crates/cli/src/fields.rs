//! The command `fields`: the custom fields of the account as a schema.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use contact::custom_fields::Catalogue;
use tempfile::NamedTempFile;

use crate::args::FieldsArgs;
use crate::exit::{Failure, note};
use crate::{api, print};

/// Reads the account's custom fields and writes their schema.
pub(crate) fn fields(args: &FieldsArgs) -> Result<ExitCode, Failure> {
    let client = api::client(&args.api)?;
    let answer = reteno::block_on(client.address_books())
        .map_err(Failure::input_output)?
        .context("cannot read the custom fields of the account")
        .map_err(Failure::api)?;
    let catalogue = Catalogue::read(&answer)
        .context("cannot understand the custom fields of the account")
        .map_err(Failure::api)?;
    let mut text = serde_json::to_vec_pretty(&catalogue.overlay()).map_err(Failure::input_output)?;
    text.push(b'\n');
    if args.output.as_os_str() == "-" {
        return print::to_stdout(&text);
    }
    write(&args.output, &text)
        .with_context(|| format!("cannot write {}", args.output.display()))
        .map_err(Failure::input_output)?;
    note(&format!("{} custom fields in {}", catalogue.len(), args.output.display()));
    Ok(ExitCode::SUCCESS)
}

/// Under its name the file is whole, or what was there before.
fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
