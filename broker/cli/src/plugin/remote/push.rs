//! `klamm plugin push`.

use std::path::{Path, PathBuf};

use clap::Args;
use klamm_model::{PluginDigest, PluginName, PluginReference, PluginVersion};
use klamm_rpc::SigningKey;
use klamm_rpc::plugin::push_request::Part;
use klamm_rpc::plugin::{PushHeader, PushRequest};
use sha2::{Digest, Sha256};

use super::connection::GrpcArguments;
use crate::error::CliError;
use crate::globals::Globals;
use crate::output::note;

/// How many bytes go in one message.
const CHUNK_BYTES: usize = 256 * 1024;

/// Store a plug-in in the cluster, under a name and a version that never changes
///
/// The broker checks it, compiles it and stores it durably. Pushing the same bytes again is no error.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)] // --version is the plug-in's
pub struct PushArguments {
    /// The WebAssembly component
    file: PathBuf,
    /// The plug-in's name: 1 to 63 of a-z, 0-9 and '-'
    #[arg(long)]
    name: PluginName,
    /// Its version, such as 1.0.0
    #[arg(long)]
    version: PluginVersion,
    /// Sign it with the secret key in this file (`klamm plugin keygen`)
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,
    #[command(flatten)]
    grpc: GrpcArguments,
}

pub(super) async fn run(arguments: PushArguments, globals: &Globals) -> Result<(), CliError> {
    let PushArguments { file, name, version, sign, grpc } = arguments;
    let wasm = std::fs::read(&file).map_err(|error| CliError::file(&file, &error))?;
    let plugin = PluginReference { name, version };
    let digest = PluginDigest::from_bytes(Sha256::digest(&wasm).into());
    let signature = match sign {
        Some(key) => secret_key(&key)?.sign(digest, &plugin),
        None => Vec::new(),
    };
    let header = PushHeader {
        name: plugin.name.to_string(),
        version: plugin.version.to_string(),
        size_bytes: wasm.len() as u64,
        sha256: digest.to_string(),
        signature,
    };
    let connection = grpc.connect(globals).await?;
    let mut client = connection.client.clone();
    let pushing = client.push(tokio_stream::iter(parts(header, &wasm)));
    let response = connection.answer(&format!("pushing {plugin}"), pushing).await?;
    let kinds = response.plugin.map(|plugin| plugin.kinds.join(", ")).unwrap_or_default();
    let was = if response.was_there { "was there already" } else { "pushed" };
    note(&format!("plug-in {plugin} ({kinds}) {was}, sha-256 {digest}"));
    Ok(())
}

/// The secret key in a file.
fn secret_key(file: &Path) -> Result<SigningKey, CliError> {
    let text = std::fs::read_to_string(file).map_err(|error| CliError::file(file, &error))?;
    text.parse().map_err(|error| {
        CliError::usage(format!("{} has no secret key: {error}", file.display()))
            .next("`klamm plugin keygen FILE` makes one")
    })
}

fn parts(header: PushHeader, wasm: &[u8]) -> Vec<PushRequest> {
    let chunks = wasm.chunks(CHUNK_BYTES).map(|chunk| Part::Chunk(chunk.to_vec()));
    std::iter::once(Part::Header(header)).chain(chunks).map(|part| PushRequest { part: Some(part) }).collect()
}
