//! Compiled code on disk, so that a broker that starts again doesn't compile again.
//!
//! Native code that is loaded is code that runs, so a file is believed only if the directory belongs to this user alone and the file holds
//! what was written: its name says of which plug-in and for which engine it is, and it starts with a checksum of the rest. Anything else
//! is removed, and compiled anew. Nothing here fails: a cache that can't be used costs time, never a plug-in.

use std::fs::{self, DirBuilder, File, Permissions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use tracing::warn;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::Digest;

/// What a file starts with, before the checksum; the number grows when the form of files changes.
const MAGIC: &[u8; 16] = b"klamm native 1\n\0";
const HEAD_BYTES: usize = MAGIC.len() + 32;
/// Files that are kept; the oldest go first.
const MAX_FILES: usize = 256;
/// Native code of a plug-in of 10 MiB has some 60 MiB.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// A directory of compiled code, for one engine.
pub(crate) struct Cache {
    dir: PathBuf,
    /// Tells temporary files of threads apart.
    writes: AtomicU64,
}

impl Cache {
    /// Opens, and makes if it isn't there, the directory for `engine` below `root`. `None` if it can't be made, or isn't private.
    pub(crate) fn open(root: &Path, engine: &Engine) -> Option<Cache> {
        let dir = root.join(engine_name(engine));
        if let Err(error) = [root, &dir].into_iter().try_for_each(make_private) {
            warn!(dir = %root.display(), %error, "compiled plug-ins are not kept: each is compiled again at every start of the broker");
            return None;
        }
        let cache = Cache { dir, writes: AtomicU64::new(0) };
        cache.remove_other_engines(root);
        Some(cache)
    }

    /// The compiled code of this plug-in, if it is there and as it was written.
    pub(crate) fn load(&self, engine: &Engine, digest: Digest) -> Option<Component> {
        let path = self.path(digest);
        let code = read_checked(&path, digest);
        let component = code.as_deref().and_then(|code| deserialize(engine, code));
        if component.is_none() {
            // A broken file would be read in vain at every start.
            let _ = fs::remove_file(&path);
        }
        component
    }

    /// Keeps compiled code; the file appears whole or not at all.
    pub(crate) fn store(&self, digest: Digest, code: &[u8]) {
        let number = self.writes.fetch_add(1, Relaxed);
        let temporary = self.dir.join(format!("{digest}.{}.{number}.tmp", std::process::id()));
        let written =
            write_file(&temporary, digest, code).and_then(|()| fs::rename(&temporary, self.path(digest)));
        if let Err(error) = written {
            let _ = fs::remove_file(&temporary);
            warn!(plugin = %digest, %error, "a compiled plug-in is not kept: it is compiled again at the next start of the broker");
        }
        self.trim();
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.dir.join(format!("{digest}.native"))
    }

    /// Removes the oldest files over `MAX_FILES`, and what a crash left half written.
    fn trim(&self) {
        let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.dir)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(MAX_FILES);
        for (_, path) in &files[..surplus] {
            let _ = fs::remove_file(path);
        }
    }

    /// Code for engines of other versions is of no more use.
    fn remove_other_engines(&self, root: &Path) {
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            let is_ours = entry.file_name().to_string_lossy().starts_with("engine-");
            if is_ours && entry.path() != self.dir {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Makes a directory that is this user's alone.
fn make_private(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    let found = fs::symlink_metadata(dir)?;
    let ours = found.uid() == rustix::process::geteuid().as_raw();
    if !found.is_dir() || !ours || found.mode() & 0o077 != 0 {
        return Err(io::Error::other("the directory is not one of this user alone"));
    }
    Ok(())
}

/// A name for everything that decides whether compiled code fits: wasmtime's version, the processor, the settings.
fn engine_name(engine: &Engine) -> String {
    struct Feed(Sha256);
    impl Hasher for Feed {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            0
        }
    }
    let mut feed = Feed(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut feed);
    let digest = Digest::from_bytes(feed.0.finalize().into()).to_string();
    format!("engine-{}", &digest[..24])
}

/// The code in a file, if its checksum is right.
fn read_checked(path: &Path, digest: Digest) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok().filter(|found| found.is_file() && found.len() <= MAX_FILE_BYTES)?.len();
    let mut head = [0; HEAD_BYTES];
    file.read_exact(&mut head).ok()?;
    let mut code = Vec::with_capacity(length as usize);
    file.read_to_end(&mut code).ok()?;
    let (magic, checksum) = head.split_at(MAGIC.len());
    (magic == MAGIC && checksum == checksum_of(digest, &code)).then_some(code)
}

/// Over the plug-in's digest too, so that one plug-in's code isn't another's under its name.
fn checksum_of(digest: Digest, code: &[u8]) -> [u8; 32] {
    Sha256::new_with_prefix(digest.as_bytes()).chain_update(code).finalize().into()
}

fn write_file(path: &Path, digest: Digest, code: &[u8]) -> std::io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&checksum_of(digest, code))?;
    file.write_all(code)?;
    file.sync_all()
}

#[expect(
    unsafe_code,
    reason = "native code can only be believed; `read_checked` and a private directory are why it can be"
)]
fn deserialize(engine: &Engine, code: &[u8]) -> Option<Component> {
    // SAFETY: `code` is what `Engine::precompile_component` returned: either just now in this process, or it was read from a directory
    // that no other user can write to, with the right checksum. wasmtime itself refuses code of another version or for other settings.
    unsafe { Component::deserialize(engine, code) }.ok()
}

/// Makes a component of code that was just compiled.
pub(crate) fn just_compiled(engine: &Engine, code: &[u8]) -> Option<Component> {
    deserialize(engine, code)
}
