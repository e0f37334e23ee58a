//! `docs/tour.svg`, the picture of the README: what `fased demo` prints, drawn step by step.

use std::fmt::Write as _;
use std::process::Command;

use regex::Regex;

use super::{UPDATE, source, update_is_asked};

const COLUMNS: usize = 106;
/// Width of a character and height of a line, in the picture's units.
const CELL: (f64, usize) = (8.4, 20);
/// Space around the text, and the height of the bar above it.
const MARGIN: usize = 20;
const BAR: usize = 36;
/// How long each step is shown, and after what part of that its output comes.
const SECONDS: usize = 7;
const OUTPUT_AFTER: f64 = 0.15;

/// A piece of a line that looks the same from end to end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    class: &'static str,
    text: String,
}

/// One command of the tour.
#[derive(Debug)]
struct Step {
    title: String,
    command: Vec<Vec<Span>>,
    output: Vec<Vec<Span>>,
}

#[test]
fn the_picture_shows_what_the_tour_prints() {
    let drawn = draw(&steps(&tour()));
    let file = source("docs/tour.svg");
    if update_is_asked() {
        std::fs::write(&file, &drawn).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == drawn, "docs/tour.svg is out of date; run: {UPDATE}");
}

/// What the demo prints on a terminal, with the times that differ from run to run replaced.
fn tour() -> String {
    let home = tempfile::tempdir().unwrap();
    // Both streams into one, in their order, as a terminal shows them.
    let output = Command::new("bash")
        .args(["-c", "exec \"$0\" demo 2>&1", env!("CARGO_BIN_EXE_fased")])
        .env_clear()
        .env("HOME", home.path())
        .envs([("CLICOLOR_FORCE", "1"), ("TERM", "xterm"), ("TZ", "UTC")])
        .env("COLUMNS", COLUMNS.to_string())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    let times = [
        (r"\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d", "2026-05-03 to 2026-06-01"),
        (r"\b\d{1,2}s ago", "0s ago"),
        (r"warm for \d\w*( \d+s)? more", "warm for 5m more"),
        (r"left alone for \d+s", "left alone for 30s"),
        (r"\b\d+(\.\d+)?(ms|s) ·", "0.2s ·"),
    ];
    times.iter().fold(printed, |text, (pattern, with)| {
        Regex::new(pattern).unwrap().replace_all(&text, *with).into_owned()
    })
}

/// Takes the tour apart: each step begins with its number and title, then comes its command.
fn steps(printed: &str) -> Vec<Step> {
    let number = Regex::new(r"^(\d)/(\d)  (.*)$").unwrap();
    let mut steps: Vec<Step> = Vec::new();
    for line in printed.lines() {
        let spans = spans(line);
        let plain: String = spans.iter().map(|span| span.text.as_str()).collect();
        if let Some(found) = number.captures(&plain) {
            let title = format!("{} of {}: {}", &found[1], &found[2], &found[3]);
            steps.push(Step { title, command: Vec::new(), output: Vec::new() });
        } else if plain.starts_with("That was it.") {
            break;
        } else if let Some(step) = steps.last_mut() {
            let part = if step.command.is_empty() { &mut step.command } else { &mut step.output };
            part.extend(wrapped(spans));
        }
    }
    for step in &mut steps {
        while step.output.last().is_some_and(Vec::is_empty) {
            step.output.pop();
        }
    }
    assert!(steps.len() > 5, "the tour has no steps:\n{printed}");
    steps
}

/// The pieces of a line between its control sequences.
fn spans(line: &str) -> Vec<Span> {
    let mut class = "";
    let mut spans = Vec::new();
    for (at, piece) in line.split("\u{1b}[").enumerate() {
        let text = if at == 0 {
            piece
        } else {
            let (code, text) = piece.split_once('m').unwrap();
            class = match code {
                "0" => "",
                "1" => "b",
                "2" => "d",
                "31" => "r",
                "32" => "g",
                "33" => "y",
                other => panic!("nobody draws the style {other}"),
            };
            text
        };
        if !text.is_empty() {
            spans.push(Span { class, text: text.to_owned() });
        }
    }
    spans
}

/// Lines no longer than the terminal is wide.
fn wrapped(spans: Vec<Span>) -> Vec<Vec<Span>> {
    let (mut lines, mut used) = (vec![Vec::new()], 0);
    for span in spans {
        let mut rest: Vec<char> = span.text.chars().collect();
        while used + rest.len() > COLUMNS {
            let tail = rest.split_off(COLUMNS - used);
            lines.last_mut().unwrap().push(Span { class: span.class, text: rest.into_iter().collect() });
            lines.push(Vec::new());
            (rest, used) = (tail, 0);
        }
        used += rest.len();
        lines.last_mut().unwrap().push(Span { class: span.class, text: rest.into_iter().collect() });
    }
    lines
}

#[expect(clippy::cast_precision_loss, reason = "columns and steps are few")]
fn draw(steps: &[Step]) -> String {
    let lines = steps.iter().map(|step| step.command.len() + step.output.len()).max().unwrap_or(0);
    let width = (COLUMNS as f64 * CELL.0).ceil() + 2.0 * MARGIN as f64;
    let height = BAR + MARGIN + lines * CELL.1 + MARGIN;
    let share = 100.0 / steps.len() as f64;
    let seconds = steps.len() * SECONDS;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="t">
<title id="t">The tour of fased demo, one command after the other</title>
<style>
text {{ font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6deeb; white-space: pre }}
.h {{ font: 600 14px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #a9b4c6 }}
.b {{ font-weight: 700; fill: #ffffff }} .d {{ fill: #8b98ad }} .g {{ fill: #7fd18b }} .y {{ fill: #e8c268 }} .r {{ fill: #f08a8a }}
.f, .o {{ visibility: hidden }}
.f {{ animation: f {seconds}s step-end infinite }} .o {{ animation: o {seconds}s step-end infinite }}
@keyframes f {{ 0% {{ visibility: visible }} {share}% {{ visibility: hidden }} }}
@keyframes o {{ 0% {{ visibility: hidden }} {output}% {{ visibility: visible }} {share}% {{ visibility: hidden }} }}
@media (prefers-reduced-motion: reduce) {{ .f, .o {{ animation: none }} .still, .still .o {{ visibility: visible }} }}
</style>
<rect width="{width}" height="{height}" rx="10" fill="#1b2330"/>
<path d="M0 {BAR}H{width}" stroke="#38445a"/>
"##,
        output = share * OUTPUT_AFTER,
    );
    for (number, step) in steps.iter().enumerate() {
        // Those who want nothing to move see the one where a key is at its limit.
        let still = if step.title.contains("limit, and the next") { " still" } else { "" };
        let delay = number * SECONDS;
        let at = format!("style=\"animation-delay:{delay}s\"");
        writeln!(svg, "<g class=\"f{still}\" {at}>").unwrap();
        writeln!(svg, "<text class=\"h\" x=\"{MARGIN}\" y=\"24\">{}</text>", escaped(&step.title)).unwrap();
        lines_into(&mut svg, &step.command, 0);
        writeln!(svg, "</g>\n<g class=\"o{still}\" {at}>").unwrap();
        lines_into(&mut svg, &step.output, step.command.len());
        svg.push_str("</g>\n");
    }
    svg + "</svg>\n"
}

#[expect(clippy::cast_precision_loss, reason = "columns are few")]
fn lines_into(svg: &mut String, lines: &[Vec<Span>], first: usize) {
    for (number, spans) in lines.iter().enumerate() {
        let y = BAR + MARGIN + (first + number) * CELL.1 + 14;
        let mut column = 0;
        for span in spans {
            let length = span.text.chars().count();
            let text = span.text.trim_start();
            let x = MARGIN as f64 + (column + length - text.chars().count()) as f64 * CELL.0;
            column += length;
            let text = text.trim_end();
            if !text.is_empty() {
                // Whatever font there is, columns stand below each other.
                let wide = text.chars().count() as f64 * CELL.0;
                let class =
                    if span.class.is_empty() { String::new() } else { format!(" class=\"{}\"", span.class) };
                let text = escaped(text);
                writeln!(svg, "<text{class} x=\"{x:.1}\" y=\"{y}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\">{text}</text>").unwrap();
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[test]
fn lines_are_cut_at_the_edge_and_styles_go_on() {
    let line = format!("\u{1b}[2m{}\u{1b}[0mend", "x".repeat(COLUMNS + 1));
    let lines = wrapped(spans(&line));
    let span = |class, text: &str| Span { class, text: text.to_owned() };
    assert_eq!(lines, [vec![span("d", &"x".repeat(COLUMNS))], vec![span("d", "x"), span("", "end")]]);
}
