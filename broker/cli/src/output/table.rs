//! Tables as kubectl prints them: columns by two spaces, no lines.

use std::fmt;

use comfy_table::presets::NOTHING;

/// A table with a head.
#[derive(Debug)]
pub(crate) struct Table {
    columns: usize,
    table: comfy_table::Table,
}

impl Table {
    /// A table with these columns and no rows.
    pub(crate) fn new(head: &[&str]) -> Table {
        let mut table = comfy_table::Table::new();
        table.load_preset(NOTHING).set_header(head);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        Table { columns: head.len(), table }
    }

    /// Adds a row; cells beyond the columns are dropped, so that one row serves a narrow and a wide table.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.table.add_row(cells.into_iter().take(self.columns));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.table.to_string().lines().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
