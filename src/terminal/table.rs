//! Columns that line up and fit the width, without frames. What to leave out when they do not fit is the caller's
//! decision.

use comfy_table::{ContentArrangement, Table, presets};

/// Lines of aligned cells under a heading, each at most as long as its content asks.
pub fn lines(heading: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heading.to_vec());
    table.add_rows(rows.iter());
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The same with as many columns as fit into `width`, where one is given; the first `always` ones are never dropped.
pub fn fitting(heading: &[&str], rows: &[Vec<String>], always: usize, width: Option<usize>) -> Vec<String> {
    let with = |columns: usize| {
        let rows: Vec<Vec<String>> = rows.iter().map(|cells| cells[..columns].to_vec()).collect();
        lines(&heading[..columns], &rows)
    };
    let fits = |lines: &[String]| width.is_none_or(|room| self::width(lines) <= room);
    (always..=heading.len()).rev().map(with).find(|lines| fits(lines)).unwrap_or_else(|| with(always))
}

/// Width of the widest line, in columns.
pub fn width(lines: &[String]) -> usize {
    lines.iter().map(|line| dialoguer::console::measure_text_width(line)).max().unwrap_or(0)
}
