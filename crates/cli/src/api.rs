//! From arguments to a client of the API.

use std::env;
use std::time::Duration;

use anyhow::{Context, anyhow};
use reteno::{ApiKey, Client};

use crate::args::ApiArgs;
use crate::exit::Failure;

/// Where the key stands if no file holds it. It is no option: other users of the machine can read command lines.
const KEY_VARIABLE: &str = "RETENO_API_KEY";

/// The key of the account, if there is one.
pub(crate) fn key(args: &ApiArgs) -> Result<Option<ApiKey>, Failure> {
    if let Some(file) = &args.api_key_file {
        let key = ApiKey::read(file).with_context(|| format!("cannot use the API key in {}", file.display()));
        return key.map(Some).map_err(Failure::usage);
    }
    match env::var(KEY_VARIABLE) {
        Err(env::VarError::NotPresent) => Ok(None),
        Err(error) => {
            Err(Failure::usage(anyhow!("cannot use {KEY_VARIABLE}: {error}").context("no API key")))
        }
        Ok(text) => {
            let key = ApiKey::new(&text).with_context(|| format!("cannot use {KEY_VARIABLE}"));
            key.map(Some).map_err(Failure::usage)
        }
    }
}

/// A client of the account; without a key there is none.
pub(crate) fn client(args: &ApiArgs) -> Result<Client, Failure> {
    let key = key(args)?.ok_or_else(|| {
        Failure::usage(anyhow!(
            "there is no API key: set {KEY_VARIABLE}, or name a file with --api-key-file (Reteno shows it under Settings, \
             API keys)"
        ))
    })?;
    client_with(args, &key)
}

pub(crate) fn client_with(args: &ApiArgs, key: &ApiKey) -> Result<Client, Failure> {
    let timeout: Duration = args.timeout.0;
    Client::new(args.base_url.clone(), key, timeout).map_err(Failure::input_output)
}
