//! The load: requests over at most 64 kept-alive connections of loopback, written and read by hand, so that little of the machine goes
//! to the sender.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::Fallible;
use super::callback::Callbacks;
use super::stats::Durations;

/// Connections at the most.
pub const CONNECTIONS: usize = 64;

/// What came of a load.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Requests that were answered 202.
    pub accepted: u64,
    /// Requests that were answered otherwise.
    pub refused: u64,
    /// Time from each request to its answer.
    pub took: Durations,
    /// How long it all took.
    pub elapsed: Duration,
}

impl Outcome {
    /// Accepted requests in a second.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn rate(&self) -> f64 {
        self.accepted as f64 / self.elapsed.as_secs_f64()
    }

    fn count(&mut self, status: u16, took: Duration) {
        if status == 202 {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
        self.took.add(took);
    }

    fn join(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.took.extend(other.took);
    }
}

/// A kept-alive connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends one request and reads its answer whole; its status.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if let Some((status, length)) = head(&self.buffer)
                && self.buffer.len() >= length
            {
                return Ok(status);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// The status of an answer and its whole length, once its head is there.
fn head(answer: &[u8]) -> Option<(u16, usize)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(answer.get(..end)?).ok()?;
    let status = text.split(' ').nth(1)?.parse().ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some((status, end + length.unwrap_or_default()))
}

/// Closed loop: each connection sends its next request when the last is answered.
pub async fn closed(address: &str, callbacks: &Callbacks, connections: usize, time: Duration) -> Fallible<Outcome> {
    let next = Arc::new(AtomicU64::new(0));
    let mut senders = JoinSet::new();
    let start = Instant::now();
    for _ in 0..connections.min(CONNECTIONS) {
        let (next, callbacks, address) = (Arc::clone(&next), callbacks.clone(), address.to_owned());
        senders.spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let mut outcome = Outcome::default();
            while start.elapsed() < time {
                let request = callbacks.request(next.fetch_add(1, Ordering::Relaxed));
                let sent = Instant::now();
                let status = connection.ask(&request).await?;
                outcome.count(status, sent.elapsed());
            }
            Ok::<_, io::Error>(outcome)
        });
    }
    collect(senders, start).await
}

/// Open loop: requests leave at a rate, whether or not earlier ones are answered, and their time counts from when they were to leave.
pub async fn open(address: &str, callbacks: &Callbacks, per_second: f64, time: Duration) -> Fallible<Outcome> {
    let (due, waiting) = mpsc::unbounded_channel::<(u64, Instant)>();
    let waiting = Arc::new(Mutex::new(waiting));
    let mut senders = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (waiting, callbacks) = (Arc::clone(&waiting), callbacks.clone());
        let mut connection = Connection::open(address).await?;
        senders.spawn(async move {
            let mut outcome = Outcome::default();
            loop {
                let next = waiting.lock().await.recv().await;
                let Some((number, due)) = next else { return Ok::<_, io::Error>(outcome) };
                let status = connection.ask(&callbacks.request(number)).await?;
                outcome.count(status, due.elapsed());
            }
        });
    }
    let start = Instant::now();
    // A thread of its own: the runtime's timer is no finer than a millisecond, and would send in bursts.
    let pace = std::thread::spawn(move || {
        for number in 0_u64.. {
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
            let at = start + Duration::from_secs_f64(number as f64 / per_second);
            if at.duration_since(start) >= time {
                return;
            }
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if due.send((number, at)).is_err() {
                return;
            }
        }
    });
    let outcome = collect(senders, start).await;
    drop(pace.join());
    outcome
}

async fn collect(mut senders: JoinSet<io::Result<Outcome>>, start: Instant) -> Fallible<Outcome> {
    let mut all = Outcome::default();
    while let Some(outcome) = senders.join_next().await {
        all.join(outcome??);
    }
    all.elapsed = start.elapsed();
    Ok(all)
}
