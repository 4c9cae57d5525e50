//! Every file of a data directory damaged, one at a time, and the broker started again.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use klamm_model::ErrorCode;
use klamm_server::{Server, ServerOptions};

use crate::damage::{self, Damage, Seeded};
use crate::image::{End, Image, PLACES, Place, data, options, send, start};
use crate::reading::{Acked, Served, list, read};
use crate::requests::{error, offset_of};
use crate::{Client, log_capture};

/// Seeded places for each kind of damage to each file; more of them with `KLAMM_FAULT_PLACES`.
fn places() -> usize {
    std::env::var("KLAMM_FAULT_PLACES").ok().and_then(|count| count.parse().ok()).unwrap_or(2)
}

/// What harm to a file may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Records: harm is named, and no other record is served instead.
    Records,
    /// What can be worked out from elsewhere: it is healed.
    Cache,
    /// What the whole broker rests on: it may refuse to start, and says so.
    Foundation,
}

impl Kind {
    fn of(file: &Path) -> Kind {
        let name = file.file_name().unwrap().to_str().unwrap();
        match name {
            "meta.properties" | "metadata.redb" => Kind::Foundation,
            _ if file.extension().is_some_and(|kind| kind == "log") => Kind::Records,
            _ => Kind::Cache,
        }
    }
}

/// The partition whose file it is.
fn owner(file: &Path) -> Option<Place> {
    let dir = file.parent()?.to_str()?;
    PLACES.map(|(place, _)| place).into_iter().find(|(topic, index)| dir == format!("{topic}-{index}"))
}

/// The file of the same name of the topic's other partition, or else any other of its kind.
fn counterpart(image: &Image, file: &Path) -> Option<PathBuf> {
    let (topic, index) = owner(file)?;
    let dir = PathBuf::from(format!("{topic}-{}", 1 - index));
    let same = dir.join(file.file_name()?);
    if image.files.contains_key(&same) {
        return Some(same);
    }
    let of_kind = |other: &&PathBuf| other.starts_with(&dir) && other.extension() == file.extension();
    image.files.keys().find(of_kind).cloned()
}

/// What is to be damaged: all files beside the partitions, and those of one partition of each topic.
fn targets(image: &Image) -> Vec<PathBuf> {
    let mine = |file: &&PathBuf| owner(file).is_none_or(|place| place == ("many", 0) || place == ("few", 1));
    let files: Vec<PathBuf> = image.files.keys().filter(mine).cloned().collect();
    // Of many segments, the first, one in the middle and the last.
    let logs: Vec<&PathBuf> = files.iter().filter(|file| is_log_of_many(file)).collect();
    let chosen = [logs[0], logs[1], logs[logs.len() - 1]].map(|log| log.file_stem().unwrap());
    let is_of_segment = |file: &PathBuf| {
        owner(file) == Some(("many", 0))
            && file.extension().is_some_and(|kind| kind != "snapshot" && kind != "metadata")
    };
    files
        .iter()
        .filter(|file| !is_of_segment(file) || chosen.contains(&file.file_stem().unwrap()))
        .cloned()
        .collect()
}

struct Case<'a> {
    image: &'a Image,
    file: &'a Path,
    damage: &'a Damage,
}

impl Case<'_> {
    /// Damages a copy, starts a broker on it, and says what is wrong with what it does.
    fn run(&self) -> Result<(), String> {
        let home = self.image.write();
        let dir = data(home.path());
        self.damage.apply(&dir, self.file);
        let started = catch_unwind(AssertUnwindSafe(|| start(home.path())));
        let server = match started.map_err(|_| "the start panics".to_owned())? {
            Ok(server) => server,
            Err(refusal) => return self.judge_refusal(&dir, &refusal.to_string()),
        };
        let mut client = Client::connect(server.kafka_address);
        let judged = self.judge_partitions(&mut client, &dir);
        drop(client);
        server.stop();
        judged
    }

    fn judge_refusal(&self, dir: &Path, refusal: &str) -> Result<(), String> {
        let named =
            refusal.contains(self.file.to_str().unwrap()) || refusal.contains("__cluster_metadata is gone");
        let advised = ["restore", "remove", "use the release", "choose another", "use that node.id"];
        if Kind::of(self.file) != Kind::Foundation {
            return Err(format!("the broker does not start for a file of little weight: {refusal}"));
        }
        if !named || !advised.iter().any(|advice| refusal.contains(advice)) {
            return Err(format!("the refusal says too little: {refusal}"));
        }
        let untouched = self.image.files.keys().filter(|file| owner(file).is_some());
        for file in untouched {
            if std::fs::read(dir.join(file)).ok().as_ref() != Some(&self.image.files[file]) {
                return Err(format!("{} was changed before the start was refused", file.display()));
            }
        }
        Ok(())
    }

    fn judge_partitions(&self, client: &mut Client, dir: &Path) -> Result<(), String> {
        for (&place, acked) in &self.image.acked {
            let served = read(client, place.0, place.1, acked);
            let healed = match served {
                Served::Whole => serves_well(client, place, self.findable(acked)),
                _ => Ok(()),
            };
            let harmed = self.harms(place) || self.is_set_aside(place, dir);
            if served != Served::Whole && !(harmed && self.may_be(&served, dir)) {
                let log = log_capture::lines_about(dir);
                return Err(format!("{place:?} is {served:?}; the log:\n{log}"));
            }
            healed.map_err(|wrong| format!("{place:?} {wrong}"))?;
        }
        Ok(())
    }

    /// The batches by which times are looked up: without word of the log starts, deleted records may be found again.
    fn findable<'b>(&self, acked: &'b [Acked]) -> &'b [Acked] {
        let is_of_starts = self.file == Path::new("log-start-offset-checkpoint");
        if is_of_starts && acked[0].base_offset > 0 { &[] } else { acked }
    }

    /// After a kill a changed bit in the newest commit of the metadata looks like one that was torn: redb takes the one
    /// before. A topic that it does not know is set aside, and nothing of it is removed.
    fn is_set_aside(&self, (topic, index): Place, dir: &Path) -> bool {
        let was_killed = !self.image.files.contains_key(Path::new(".kafka_cleanshutdown"));
        let name = format!("{topic}-{index}.");
        let is_stray = |entry: PathBuf| {
            let entry = entry.file_name().unwrap().to_str().unwrap().to_owned();
            entry.starts_with(&name) && entry.ends_with("-stray")
        };
        was_killed && Kind::of(self.file) == Kind::Foundation && dirs_in(dir).any(is_stray)
    }

    fn harms(&self, place: Place) -> bool {
        let swapped = match self.damage {
            Damage::Swap { with } => owner(with),
            _ => None,
        };
        owner(self.file) == Some(place) || swapped == Some(place)
    }

    /// Whether harm to records may look like this: refused and named, or caught by the consumer.
    fn may_be(&self, served: &Served, dir: &Path) -> bool {
        let log = log_capture::lines_about(dir);
        let name = self.file.file_name().unwrap().to_str().unwrap();
        let places = self.file.parent().unwrap().to_str().unwrap();
        let named = log.contains(name) || log.contains(&dir.join(places).display().to_string());
        match (Kind::of(self.file), served) {
            (Kind::Foundation, Served::Refused { code: ErrorCode::UnknownTopicOrPartition, .. })
            | (Kind::Records, Served::CaughtByCrc { .. }) => true,
            // Nothing in Kafka's format says whose a segment is. One of the same offsets that takes the place of another
            // is served; one of other offsets is not.
            (Kind::Records, Served::Wrong { .. }) => {
                matches!(self.damage, Damage::Swap { with } if with.file_name() == self.file.file_name())
            }
            (Kind::Records, Served::Refused { code: ErrorCode::KafkaStorageError, .. }) => named,
            // A format that this release does not know is no damage that it may repair.
            (Kind::Cache, Served::Refused { code: ErrorCode::KafkaStorageError, .. }) => {
                name == "leader-epoch-checkpoint" && log.contains("format version")
            }
            _ => false,
        }
    }
}

/// Whether a partition that has all its records also finds them by time, knows its producer, and takes more.
fn serves_well(client: &mut Client, place: Place, acked: &[Acked]) -> Result<(), String> {
    for batch in acked.iter().step_by(5) {
        let found = list(client, place.0, place.1, batch.max_timestamp);
        let first = acked.iter().find(|other| other.max_timestamp >= batch.max_timestamp);
        if found != Ok(first.map_or(-1, |first| first.base_offset)) {
            return Err(format!("finds {found:?} for the time of offset {}", batch.base_offset));
        }
    }
    let count = PLACES.iter().find(|(other, _)| *other == place).map_or(0, |(_, count)| *count);
    for number in [count - 1, count] {
        let answer = send(client, place, number);
        let code = error(answer.responses[0].partition_responses[0].error_code);
        if code != ErrorCode::None || offset_of(&answer) != i64::from(number) * 2 {
            return Err(format!("answers batch {number} with {code}, {answer:?}"));
        }
    }
    Ok(())
}

/// Runs the cases, and fails with all that went wrong.
fn run(image: &Image, cases: Vec<(PathBuf, Damage)>) {
    let count = cases.len();
    let mut failures = BTreeMap::new();
    for (file, damage) in cases {
        if let Err(wrong) = (Case { image, file: &file, damage: &damage }).run() {
            failures.insert(format!("{} {damage:?}", file.display()), wrong);
        }
    }
    let told: String = failures.iter().map(|(case, wrong)| format!("{case}: {wrong}\n")).collect();
    assert!(failures.is_empty(), "{} of {count} cases go wrong:\n{told}", failures.len());
}

fn every_file(end: End) {
    let image = Image::make(end);
    let mut cases = Vec::new();
    for (seed, file) in (0..).zip(targets(&image)) {
        for damage in damage::on_file(&image, &file, places(), seed) {
            cases.push((file.clone(), damage));
        }
        if let Some(with) = counterpart(&image, &file) {
            cases.push((file, Damage::Swap { with }));
        }
    }
    run(&image, cases);
}

#[test]
fn every_file_after_a_stop() {
    every_file(End::Stopped);
}

#[test]
fn every_file_after_a_kill() {
    every_file(End::Killed);
}

/// Bytes of the metadata log that mean something, each changed: the start is refused, or nothing has changed.
#[test]
fn the_metadata_log_anywhere() {
    // After a kill redb looks through the file by itself; after a stop it would take it as it is.
    for end in [End::Stopped, End::Killed] {
        let image = Image::make(end);
        let file = PathBuf::from("__cluster_metadata/metadata.redb");
        let contents = &image.files[&file];
        let used: Vec<usize> = (0..contents.len()).filter(|&byte| contents[byte] != 0).collect();
        let mut seeded = Seeded(7);
        let flip = |_| {
            let byte = used[seeded.below(used.len())];
            (file.clone(), Damage::Flip { byte, bit: seeded.below(8) as u8 })
        };
        let mut cases: Vec<(PathBuf, Damage)> = (0..places() * 5).map(flip).collect();
        // A changed letter of a topic's name would read well, and be another topic.
        let names = (0..contents.len()).filter(|&byte| contents[byte..].starts_with(b"\"many\""));
        cases.extend(names.map(|byte| (file.clone(), Damage::Flip { byte: byte + 1, bit: 0 })));
        run(&image, cases);
    }
}

/// Metadata from an old copy does not know the newest topics: their records stay, whatever it says.
#[test]
fn metadata_from_before_the_topics_takes_no_records_along() {
    let image = Image::make(End::Stopped);
    let home = image.write();
    let empty = tempfile::TempDir::new().unwrap();
    let options = |home: &Path| ServerOptions { data_dir: data(home), ..options(empty.path()) };
    // The same cluster without topics.
    std::fs::create_dir(data(empty.path())).unwrap();
    std::fs::copy(data(home.path()).join("meta.properties"), data(empty.path()).join("meta.properties"))
        .unwrap();
    Server::start(options(empty.path())).unwrap().stop();
    let metadata = Path::new("__cluster_metadata/metadata.redb");
    std::fs::copy(data(empty.path()).join(metadata), data(home.path()).join(metadata)).unwrap();
    let newer = image.files[metadata].clone();
    start(home.path()).unwrap().stop();
    let strays: Vec<PathBuf> =
        dirs_in(&data(home.path())).filter(|dir| dir.to_str().unwrap().ends_with("-stray")).collect();
    assert_eq!(strays.len(), PLACES.len(), "{strays:?}");
    assert!(log_capture::lines_about(&data(home.path())).contains("restore a newer one"));
    // What the message says to do: the newer metadata, and the old names.
    std::fs::write(data(home.path()).join(metadata), newer).unwrap();
    for stray in strays {
        let name = stray.to_str().unwrap();
        std::fs::rename(&stray, &name[..name.rfind('.').unwrap()]).unwrap();
    }
    let server = start(home.path()).unwrap();
    let mut client = Client::connect(server.kafka_address);
    for (place, acked) in &image.acked {
        assert_eq!(read(&mut client, place.0, place.1, acked), Served::Whole, "{place:?}");
    }
    drop(client);
    server.stop();
}

fn dirs_in(dir: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
}

/// Every byte of the first part of a batch's header, in the middle of a sealed segment and of the last one: base offset,
/// length, leader epoch and format number are not covered by the CRC.
#[test]
fn every_byte_of_a_batchs_header() {
    for end in [End::Stopped, End::Killed] {
        let image = Image::make(end);
        let logs: Vec<&PathBuf> = image.files.keys().filter(|file| is_log_of_many(file)).collect();
        let mut cases = Vec::new();
        for file in [logs[0], logs[logs.len() - 1]] {
            let second = batch_at(&image.files[file], 2);
            for byte in 0..24 {
                cases.push((file.clone(), Damage::Flip { byte: second + byte, bit: (byte % 8) as u8 }));
            }
        }
        run(&image, cases);
    }
}

fn is_log_of_many(file: &Path) -> bool {
    owner(file) == Some(("many", 0)) && Kind::of(file) == Kind::Records
}

/// Where the batch with this number begins in a segment, or the last one if there are fewer.
fn batch_at(segment: &[u8], number: usize) -> usize {
    let last = klamm_records::batches(segment).count() - 1;
    klamm_records::batches(segment).take(number.min(last)).map(|batch| batch.unwrap().bytes.len()).sum()
}
