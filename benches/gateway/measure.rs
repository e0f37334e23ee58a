//! The measurements. Whoever is compared is asked in turn, so that all meet the machine in the same mood.

use std::error::Error;
use std::time::Duration;

use crate::client::{Connection, Timing};
use crate::parties::{Party, Proxy};
use crate::process::now;

/// A plain request, as small as they come.
const PLAIN: &str = r#"{"model":"claude-haiku-4-5","max_tokens":16,"messages":[{"role":"user","content":"[sandbox:say hello]"}]}"#;
/// A stream of about 500 events.
const STREAM: &str = r#"{"model":"claude-haiku-4-5","max_tokens":9999,"stream":true,"messages":[{"role":"user","content":"[sandbox:repeat 1482]"}]}"#;
/// A stream that lasts until it is left.
const LONG: &str = r#"{"model":"claude-haiku-4-5","max_tokens":9999,"stream":true,"messages":[{"role":"user","content":"[sandbox:repeat 300]"}]}"#;

/// Requests of each party, one at a time.
const ROUNDS: usize = 3_000;
const CONNECTIONS: usize = 64;
/// How long each party is asked as fast as it can answer, and how often.
const LOADED: Duration = Duration::from_secs(3);
const LOADS: usize = 3;
/// Streams of each party.
const STREAMS: usize = 11;
/// Time between their events in milliseconds: a fast model's.
const PACE: u64 = 2;
const OPEN_STREAMS: usize = 200;
const STARTS: usize = 11;
/// A program that does not answer by then does not answer.
const STARTS_WITHIN: Duration = Duration::from_secs(10);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Median and 99th percentile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
}

/// Plain requests at concurrency 1.
pub(crate) async fn latencies(parties: &[&Party]) -> Result<Vec<Latency>> {
    let mut connections = Vec::new();
    for party in parties {
        connections.push((Connection::open(party.address).await?, party.request("", PLAIN), Vec::new()));
    }
    for round in 0..ROUNDS + ROUNDS / 10 {
        for (connection, request, totals) in &mut connections {
            let total = connection.exchange(request).await?.total;
            if round >= ROUNDS / 10 {
                totals.push(total);
            }
        }
    }
    Ok(connections.into_iter().map(|(_, _, totals)| latency(totals)).collect())
}

fn latency(mut totals: Vec<Duration>) -> Latency {
    totals.sort_unstable();
    let at = |percent: usize| totals.get(totals.len() * percent / 100).copied().unwrap_or_default();
    Latency { median: at(50), p99: at(99) }
}

/// What a party does when many ask at once.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Throughput {
    pub(crate) per_second: f64,
    /// CPU seconds of its processes for a thousand requests.
    pub(crate) cpu: f64,
    /// The same of the upstream meanwhile.
    pub(crate) upstream_cpu: f64,
}

/// As many plain requests as 64 connections get answered.
pub(crate) async fn throughputs(parties: &[&Party], upstream: &Party) -> Result<Vec<Throughput>> {
    let mut all = vec![Vec::new(); parties.len()];
    for _ in 0..LOADS {
        for (party, found) in parties.iter().zip(&mut all) {
            let before = (party.program.cpu()?, upstream.program.cpu()?);
            let (answered, took) = load(party).await?;
            let thousands = f64::from(answered) / 1_000.0;
            found.push(Throughput {
                per_second: f64::from(answered) / took.as_secs_f64(),
                cpu: (party.program.cpu()? - before.0).as_secs_f64() / thousands,
                upstream_cpu: (upstream.program.cpu()? - before.1).as_secs_f64() / thousands,
            });
        }
    }
    let median = |found: &[Throughput], figure: fn(&Throughput) -> f64| {
        let mut figures: Vec<f64> = found.iter().map(figure).collect();
        figures.sort_unstable_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    let medians = |found: Vec<Throughput>| Throughput {
        per_second: median(&found, |it| it.per_second),
        cpu: median(&found, |it| it.cpu),
        upstream_cpu: median(&found, |it| it.upstream_cpu),
    };
    Ok(all.into_iter().map(medians).collect())
}

async fn load(party: &Party) -> Result<(u32, Duration)> {
    let started = now();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push((Connection::open(party.address).await?, party.request("", PLAIN)));
    }
    let work = connections.into_iter().map(|(mut connection, request)| async move {
        let mut answered = 0_u32;
        while started.elapsed() < LOADED {
            connection.exchange(&request).await?;
            answered += 1;
        }
        Ok::<u32, Box<dyn Error>>(answered)
    });
    let answered: u32 = futures_util::future::try_join_all(work).await?.iter().sum();
    Ok((answered, started.elapsed()))
}

/// How a stream comes: medians of its first content and its end.
pub(crate) async fn streams(parties: &[&Party]) -> Result<Vec<Timing>> {
    let pace = format!("x-sandbox-event-delay-ms: {PACE}\r\n");
    let mut connections = Vec::new();
    for party in parties {
        connections.push((Connection::open(party.address).await?, party.request(&pace, STREAM), Vec::new()));
    }
    for _ in 0..STREAMS {
        for (connection, request, timings) in &mut connections {
            timings.push(connection.exchange(request).await?);
        }
    }
    let median = |timings: &[Timing], figure: fn(&Timing) -> Duration| {
        let mut figures: Vec<Duration> = timings.iter().map(figure).collect();
        figures.sort_unstable();
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    let medians = |timings: Vec<Timing>| Timing {
        first_content: Some(median(&timings, |it| it.first_content.unwrap_or(it.total))),
        total: median(&timings, |it| it.total),
    };
    Ok(connections.into_iter().map(|(_, _, timings)| medians(timings)).collect())
}

/// Resident memory in MiB: after a first answer, and with 200 streams open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) idle: f64,
    pub(crate) streaming: f64,
}

/// Of a party that has just been started.
pub(crate) async fn memory(proxy: &Proxy) -> Result<Memory> {
    let party = proxy.start()?;
    first_answer(&party).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle = party.program.resident()?;
    let request = party.request("x-sandbox-event-delay-ms: 50\r\n", LONG);
    let streams = (0..OPEN_STREAMS).map(|_| async {
        let mut connection = Connection::open(party.address).await?;
        connection.exchange(&request).await
    });
    let mut streaming = idle;
    let mut all = std::pin::pin!(futures_util::future::try_join_all(streams));
    loop {
        tokio::select! {
            ended = &mut all => {
                ended?;
                return Ok(Memory { idle, streaming });
            }
            () = tokio::time::sleep(Duration::from_millis(100)) => {
                streaming = streaming.max(party.program.resident()?);
            }
        }
    }
}

/// Median time from the start of a program to its first answer.
pub(crate) async fn first_reply(proxy: &Proxy) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let party = proxy.start()?;
        times.push(first_answer(&party).await?);
    }
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

/// Asks until somebody answers; the time from the start of the program until then.
pub(crate) async fn first_answer(party: &Party) -> Result<Duration> {
    let started = party.program.started;
    let request = party.request("", PLAIN);
    loop {
        if let Ok(mut connection) = Connection::open(party.address).await {
            connection.exchange(&request).await?;
            return Ok(started.elapsed());
        }
        if started.elapsed() > STARTS_WITHIN {
            return Err(format!("{} does not listen at {}", party.name, party.address).into());
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
}
