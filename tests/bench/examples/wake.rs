//! What a wake from idle costs on this machine: the least that a broker can do for a request, without a broker.
//!
//! One thread takes a request of 1 KB from a socket, appends it to a file and answers, 1,000 times a second, as the scenario
//! `paced` asks it of a broker; with nothing between the system calls. What it costs a request is the floor of
//! "CPU a request".
//!
//! `cargo run --release -p klamm-bench --example wake`

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::{Duration, Instant};

const REQUESTS: u32 = 5_000;
const PERIOD: Duration = Duration::from_millis(1);
const REQUEST_BYTES: usize = 1_100;
const ANSWER_BYTES: usize = 55;

#[expect(clippy::print_stdout, reason = "the output of a program")]
fn main() -> io::Result<()> {
    for (name, period) in [("1,000 a second", PERIOD), ("back to back", Duration::ZERO)] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = thread::spawn(move || serve(&listener));
        drive(TcpStream::connect(address)?, period)?;
        let used = server.join().map_err(|_| io::Error::other("the server panicked"))??;
        println!("{name}: {:.1} us of CPU a request", used.as_secs_f64() * 1e6 / f64::from(REQUESTS));
    }
    Ok(())
}

/// Answers until the client goes; gives the CPU time of that.
fn serve(listener: &TcpListener) -> io::Result<Duration> {
    let (mut socket, _) = listener.accept()?;
    socket.set_nodelay(true)?;
    let path = std::env::temp_dir().join(format!("klamm-wake-{}", std::process::id()));
    let file = File::create(&path)?;
    let mut request = [0; REQUEST_BYTES];
    let (mut at, before) = (0, cpu()?);
    while socket.read_exact(&mut request).is_ok() {
        file.write_all_at(&request, at)?;
        at += REQUEST_BYTES as u64;
        socket.write_all(&[0; ANSWER_BYTES])?;
    }
    let used = cpu()?.saturating_sub(before);
    fs::remove_file(path)?;
    Ok(used)
}

#[expect(clippy::disallowed_methods, reason = "it keeps time, and is no broker")]
fn drive(mut socket: TcpStream, period: Duration) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let begun = Instant::now();
    for number in 0..REQUESTS {
        let due = begun + period * number;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        socket.write_all(&[0; REQUEST_BYTES])?;
        socket.read_exact(&mut [0; ANSWER_BYTES])?;
    }
    Ok(())
}

/// The time that this thread has had a core.
fn cpu() -> io::Result<Duration> {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = schedule.split_whitespace().next().and_then(|number| number.parse().ok());
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| io::Error::other("no time in schedstat"))
}
