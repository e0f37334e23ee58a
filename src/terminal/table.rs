//! Columns that line up and fit the width, without frames. What to leave out when they do not fit is the caller's
//! decision.

use comfy_table::{ContentArrangement, Table, presets};
use dialoguer::console::measure_text_width;

use super::wrap::wrapped;

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
    let Some(room) = width else { return with(heading.len()) };
    let fits = |lines: &Vec<String>| self::width(lines) <= room;
    (always..=heading.len()).rev().map(with).find(fits).unwrap_or_else(|| {
        let rows: Vec<Vec<String>> = rows.iter().map(|cells| cells[..always].to_vec()).collect();
        folded(&heading[..always], &rows, room).concat()
    })
}

/// The heading and each row as the lines they take where there is no room for one: a first cell that is too long stands
/// on a line of its own, whole, and what belongs to it below.
pub fn folded(heading: &[&str], rows: &[Vec<String>], width: usize) -> Vec<Vec<String>> {
    const GAP: usize = 2;
    const INDENT: usize = 4;
    let names = std::iter::once(heading[0]).chain(rows.iter().map(|cells| cells[0].as_str()));
    let others: Vec<Vec<String>> = rows.iter().map(|cells| cells[1..].to_vec()).collect();
    let others = lines(&heading[1..], &others);
    let room = width.saturating_sub(self::width(&others) + GAP);
    let fold = |(name, other): (&str, String)| match room.checked_sub(measure_text_width(name)) {
        Some(blank) => vec![format!("{name}{}{other}", " ".repeat(blank + GAP)).trim_end().to_owned()],
        None if room >= GAP => vec![name.to_owned(), format!("{}{other}", " ".repeat(room + GAP))],
        // The other cells alone are too wide, too.
        None => {
            let indented = format!("{}{other}", " ".repeat(INDENT));
            std::iter::once(name.to_owned()).chain(wrapped(&indented, INDENT, Some(width))).collect()
        }
    };
    names.zip(others).map(fold).collect()
}

/// Width of the widest line, in columns.
pub fn width(lines: &[String]) -> usize {
    lines.iter().map(|line| measure_text_width(line)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(cells: &[[&str; 3]]) -> Vec<Vec<String>> {
        cells.iter().map(|row| row.map(str::to_owned).into()).collect()
    }

    #[test]
    fn columns_are_dropped_before_anything_is_folded() {
        let rows = rows(&[["one", "two", "three"], ["日本", "b", "c"]]);
        assert_eq!(fitting(&["A", "B", "C"], &rows, 1, None)[2], "日本  b    c");
        assert_eq!(fitting(&["A", "B", "C"], &rows, 1, Some(10)), ["A     B", "one   two", "日本  b"]);
    }

    #[test]
    fn a_name_that_takes_too_much_room_has_a_line_of_its_own_and_stays_whole() {
        let rows = rows(&[["a-very-long-name", "two", "three"], ["b", "2", "3"]]);
        let wanted = ["A         B    C", "a-very-long-name", "          two  three", "b         2    3"];
        assert_eq!(fitting(&["A", "B", "C"], &rows, 3, Some(20)), wanted);
        let narrow = ["A", "    B    C", "a-very-long-name", "    two", "    three", "b", "    2    3"];
        assert_eq!(fitting(&["A", "B", "C"], &rows, 3, Some(11)), narrow);
    }
}
