//! The figures, the ratios that travel, and the limits.

use std::fmt::Write as _;
use std::time::Duration;

use crate::client::Timing;
use crate::measure::{Latency, Memory, Throughput};

/// Everything that was measured: direct, nginx, gateway; memory and first replies of the latter two.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) latencies: Vec<Latency>,
    pub(crate) throughputs: Vec<Throughput>,
    pub(crate) streams: Vec<Timing>,
    pub(crate) memory: Vec<Memory>,
    pub(crate) first_replies: Vec<Duration>,
}

/// One line.
struct Row {
    name: &'static str,
    /// Of the sandbox, nginx and the gateway.
    figures: [Option<f64>; 3],
    decimals: usize,
    /// What is judged, and how it is called.
    judged: f64,
    unit: &'static str,
    limit: Limit,
}

/// What is allowed.
enum Limit {
    AtMost(f64),
    AtLeast(f64),
    None,
}

impl Limit {
    fn keeps(&self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= *most,
            Self::AtLeast(least) => value >= *least,
            Self::None => true,
        }
    }
}

impl Figures {
    /// The table, and whether every limit is kept.
    pub(crate) fn table(&self) -> (String, bool) {
        let mut text =
            format!("{:<46} {:>9} {:>9} {:>9} {:>14}  limit\n", "", "direct", "nginx", "gateway", "judged");
        let mut kept = true;
        for row in self.rows() {
            let [direct, nginx, gateway] = row
                .figures
                .map(|figure| figure.map_or_else(String::new, |it| format!("{it:.*}", row.decimals)));
            let is_kept = row.limit.keeps(row.judged);
            kept &= is_kept;
            let word = if is_kept { "ok" } else { "OVER" };
            let limit = match row.limit {
                Limit::AtMost(most) => format!("at most {most} {word}"),
                Limit::AtLeast(least) => format!("at least {least} {word}"),
                Limit::None => String::new(),
            };
            let judged = format!("{:.2} {}", row.judged, row.unit);
            // Writing to a String cannot fail.
            let _ =
                writeln!(text, "{:<46} {direct:>9} {nginx:>9} {gateway:>9} {judged:>14}  {limit}", row.name);
        }
        text.push_str(if kept { "\nEvery limit is kept." } else { "\nA limit is exceeded." });
        (text, kept)
    }

    fn rows(&self) -> Vec<Row> {
        let added = |figure: fn(&Latency) -> Duration, of: usize| {
            micros(figure(&self.latencies[of])) - micros(figure(&self.latencies[0]))
        };
        let latency = |name, figure: fn(&Latency) -> Duration, limit| Row {
            name,
            figures: [0, 1, 2].map(|of| Some(micros(figure(&self.latencies[of])))),
            decimals: 0,
            judged: added(figure, 2) / added(figure, 1),
            unit: "x added",
            limit,
        };
        let load = |name, figure: fn(&Throughput) -> f64, decimals, limit| Row {
            name,
            figures: [0, 1, 2].map(|of| Some(figure(&self.throughputs[of]))),
            decimals,
            judged: figure(&self.throughputs[2]) / figure(&self.throughputs[1]),
            unit: "x nginx",
            limit,
        };
        let stream = |name, figure: fn(&Timing) -> Duration| Row {
            name,
            figures: [0, 1, 2].map(|of| Some(micros(figure(&self.streams[of])) / 1_000.0)),
            decimals: 2,
            judged: micros(figure(&self.streams[2])) / micros(figure(&self.streams[0])),
            unit: "x direct",
            limit: Limit::AtMost(1.3),
        };
        let own = |name, [nginx, gateway]: [f64; 2], decimals, unit, most| Row {
            name,
            figures: [None, Some(nginx), Some(gateway)],
            decimals,
            judged: gateway,
            unit,
            limit: Limit::AtMost(most),
        };
        vec![
            latency("1 connection: median in us", |it| it.median, Limit::AtMost(4.0)),
            latency("1 connection: 99th percentile in us", |it| it.p99, Limit::None),
            load("64 connections: requests per second", |it| it.per_second, 0, Limit::AtLeast(0.4)),
            load("64 connections: CPU s per 1,000 requests", |it| it.cpu, 4, Limit::AtMost(3.0)),
            load("    of the upstream meanwhile", |it| it.upstream_cpu, 4, Limit::None),
            stream("500 events, 2 ms apart: first content in ms", |it| it.first_content.unwrap_or(it.total)),
            stream("500 events, 2 ms apart: whole in ms", |it| it.total),
            own("resident when idle, in MiB", [0, 1].map(|of| self.memory[of].idle), 1, "MiB", 25.0),
            own(
                "resident under 200 streams, in MiB",
                [0, 1].map(|of| self.memory[of].streaming),
                1,
                "MiB",
                60.0,
            ),
            own(
                "first reply after start, in ms",
                [0, 1].map(|of| micros(self.first_replies[of]) / 1_000.0),
                1,
                "ms",
                60.0,
            ),
        ]
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
