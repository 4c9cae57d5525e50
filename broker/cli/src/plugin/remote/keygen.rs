//! `klamm plugin keygen`.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;
use klamm_rpc::SigningKey;
use serde::Serialize;

use crate::error::CliError;
use crate::globals::Globals;
use crate::output::{self, Present, Table, note};

const OUTPUT: &str = "\
The secret key is for `klamm plugin push --sign FILE`. Brokers trust it that have the public key, which is printed, in
klamm.plugins.trusted.keys, as NAME:KEY.

With -o json or yaml: \"file\" and \"public_key\".";

/// Make a key to sign plug-ins with
#[derive(Debug, Args)]
#[command(after_long_help = OUTPUT)]
pub struct KeygenArguments {
    /// Where the secret key goes; a file that is there stays
    file: PathBuf,
}

#[derive(Debug, Serialize)]
struct NewKey {
    file: String,
    public_key: String,
}

impl Present for NewKey {
    fn tables(&self, wide: bool) -> Vec<Table> {
        let head = ["PUBLIC KEY", "FILE"];
        let mut table = Table::new(if wide { &head } else { &head[..1] });
        table.row([self.public_key.clone(), self.file.clone()]);
        vec![table]
    }
}

pub(super) fn run(arguments: &KeygenArguments, globals: &Globals) -> Result<(), CliError> {
    let file = &arguments.file;
    let key = SigningKey::generate().map_err(|error| CliError::failed(error.to_string()))?;
    // Only for its owner from the beginning, and never over another key.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let written = made.and_then(|mut made| {
        made.write_all(format!("{}\n", key.secret()).as_bytes())?;
        made.sync_all()
    });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            CliError::usage(format!("{} is there already", file.display())).next("choose another file")
        }
        _ => CliError::file(file, &error),
    })?;
    note(&format!("secret key written to {}", file.display()));
    let (file, public_key) = (file.display().to_string(), key.public());
    output::print(globals.output(), &NewKey { file, public_key })
}
