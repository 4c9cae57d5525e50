//! An open loop: requests at fixed times, whether the answers came or not, so that a broker that stalls is charged
//! for all who would have waited (no coordinated omission).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use klamm_wire::decode_response;
use klamm_wire::messages::produce::ProduceResponse;

use crate::Result;
use crate::frames::PRODUCE_VERSION;
use crate::load::microseconds;

/// Connections whose requests come evenly, one after the other.
#[derive(Debug, Clone)]
pub struct Paced {
    /// The request of each connection.
    pub frames: Vec<Bytes>,
    /// Requests a second of all connections together.
    pub rate: u32,
    /// For how long.
    pub time: Duration,
}

/// More than a broker leaves unanswered unless it is dead.
const UNANSWERED: usize = 100_000;

/// What came of it.
#[derive(Debug)]
pub struct Answered {
    /// How long each answer took after its request was due, in microseconds.
    pub latencies: Histogram<u64>,
    /// How many writes were refused.
    pub refused: u64,
}

struct Line {
    socket: TcpStream,
    due: SyncSender<Instant>,
    reader: JoinHandle<Result<Answered>>,
}

impl Paced {
    /// Runs it; how long each answer took after its request was due, in microseconds. No write may be refused.
    pub fn drive(&self, address: SocketAddr) -> Result<Histogram<u64>> {
        match self.answered(address)? {
            Answered { latencies, refused: 0 } => Ok(latencies),
            Answered { refused, .. } => Err(format!("{refused} writes were refused").into()),
        }
    }

    /// Runs it, whatever the answers say.
    pub fn answered(&self, address: SocketAddr) -> Result<Answered> {
        let mut lines = (0..self.frames.len()).map(|_| Line::open(address)).collect::<Result<Vec<_>>>()?;
        let gap = Duration::from_secs(1) / self.rate;
        let requests = (self.time.as_secs_f64() * f64::from(self.rate)) as u32;
        let begun = Instant::now();
        for number in 0..requests {
            let due = begun + gap * number;
            wait_until(due);
            let line = number as usize % lines.len();
            lines[line].due.send(due)?;
            lines[line].socket.write_all(&self.frames[line])?;
        }
        let mut all = Answered { latencies: microseconds()?, refused: 0 };
        for line in lines {
            drop(line.due);
            let of_line = line.reader.join().map_err(|_| "a reader panicked")??;
            all.latencies.add(of_line.latencies)?;
            all.refused += of_line.refused;
        }
        Ok(all)
    }
}

impl Line {
    fn open(address: SocketAddr) -> Result<Line> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let (due, asked) = sync_channel(UNANSWERED);
        let answers = socket.try_clone()?;
        let reader = thread::spawn(move || read(answers, &asked));
        Ok(Line { socket, due, reader })
    }
}

fn read(mut socket: TcpStream, asked: &Receiver<Instant>) -> Result<Answered> {
    let (mut latencies, mut refused) = (microseconds()?, 0);
    for due in asked {
        let mut size = [0; 4];
        socket.read_exact(&mut size)?;
        let mut frame = vec![0; u32::from_be_bytes(size) as usize];
        socket.read_exact(&mut frame)?;
        latencies.saturating_record(due.elapsed().as_micros() as u64);
        let (_, response): (_, ProduceResponse) = decode_response(frame.into(), PRODUCE_VERSION)?;
        refused += u64::from(response.responses[0].partition_responses[0].error_code != 0);
    }
    Ok(Answered { latencies, refused })
}

/// Sleeping wakes up about 60 us late, which would be charged to the broker: the last of it is spent spinning.
#[expect(clippy::disallowed_methods, reason = "the pace of an open loop is the clock's")]
fn wait_until(due: Instant) {
    const SPIN: Duration = Duration::from_micros(120);
    let left = due.saturating_duration_since(Instant::now());
    thread::sleep(left.saturating_sub(SPIN));
    while Instant::now() < due {
        std::hint::spin_loop();
    }
}
