//! Rows and columns: aligned with a headline for people, fields with a tab between them for programs.

use crate::units::harmless;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its headline; programs do not get it.
    pub title: &'static str,
    /// Figures stand to the right.
    pub right: bool,
}

/// A field.
#[derive(Clone, Debug)]
pub struct Cell {
    /// For people.
    human: String,
    /// For programs: exact.
    plain: String,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// A column of words.
#[must_use]
pub const fn words(title: &'static str) -> Column {
    Column { title, right: false }
}

/// A column of figures.
#[must_use]
pub const fn figures(title: &'static str) -> Column {
    Column { title, right: true }
}

impl Cell {
    /// A field that is told in one way to people and exactly to programs.
    #[must_use]
    pub fn new(human: impl ToString, plain: impl ToString) -> Cell {
        let clean = |text: String| harmless(&text).into_owned();
        Cell { human: clean(human.to_string()), plain: clean(plain.to_string()) }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Cell {
        let text = text.to_string();
        Cell::new(&text, &text)
    }
}

impl Table {
    /// An empty table. Without titles there is no headline.
    #[must_use]
    pub fn new(columns: &[Column]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a field for each column.
    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    /// For people; the headline is bold where `colour` allows it.
    #[must_use]
    pub fn human(&self, colour: bool) -> String {
        let mut text = String::new();
        if self.rows.is_empty() {
            return text;
        }
        let widths = self.widths();
        if self.has_titles() {
            let titles = self.columns.iter().map(|column| column.title);
            let line = self.line(titles, &widths);
            text.push_str(&if colour { format!("\x1b[1m{line}\x1b[0m") } else { line });
            text.push('\n');
        }
        for row in &self.rows {
            text.push_str(&self.line(row.iter().map(|cell| cell.human.as_str()), &widths));
            text.push('\n');
        }
        text
    }

    /// For programs.
    #[must_use]
    pub fn plain(&self) -> String {
        let line = |row: &Vec<Cell>| {
            let fields: Vec<&str> = row.iter().map(|cell| cell.plain.as_str()).collect();
            fields.join("\t") + "\n"
        };
        self.rows.iter().map(line).collect()
    }

    fn has_titles(&self) -> bool {
        self.columns.iter().any(|column| !column.title.is_empty())
    }

    fn widths(&self) -> Vec<usize> {
        let width = |at: usize, column: &Column| {
            let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.human.chars().count());
            cells.chain([column.title.len()]).max().unwrap_or(0)
        };
        self.columns.iter().enumerate().map(|(at, column)| width(at, column)).collect()
    }

    fn line<'a>(&self, fields: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
        let mut line = String::new();
        for ((field, column), width) in fields.zip(&self.columns).zip(widths) {
            if !line.is_empty() {
                line.push_str("  ");
            }
            line.push_str(&if column.right { format!("{field:>width$}") } else { format!("{field:<width$}") });
        }
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[words("NAME"), figures("SIZE")]);
        table.row(["bob".into(), Cell::new("1.0 KiB", 1024)]);
        table.row(["alice the second".into(), Cell::new("9 B", 9)]);
        table
    }

    #[test]
    fn people_get_columns() {
        assert_eq!(
            table().human(false),
            "NAME                 SIZE\nbob               1.0 KiB\nalice the second      9 B\n"
        );
        assert!(table().human(true).starts_with("\x1b[1mNAME                 SIZE\x1b[0m\n"));
    }

    #[test]
    fn programs_get_exact_fields() {
        assert_eq!(table().plain(), "bob\t1024\nalice the second\t9\n");
    }

    #[test]
    fn no_field_can_pretend_to_be_two() {
        let mut table = Table::new(&[words("A"), words("B")]);
        table.row(["x\ty\nz".into(), "w".into()]);
        assert_eq!(table.plain(), "x\\ty\\nz\tw\n");
    }

    #[test]
    fn an_empty_table_is_nothing() {
        let table = Table::new(&[words("A")]);
        assert_eq!((table.human(true), table.plain()), (String::new(), String::new()));
    }
}
