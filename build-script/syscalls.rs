//! `src/syscalls.tbl`, and the part of it that the library has: a machine's column, as Rust.

use std::fmt::Write as _;

/// One machine's part of a line. A function is empty if the machine has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub number: u32,
    pub name: String,
    pub function: String,
    /// For a task of this machine on a kernel of 64 bits, if it differs.
    pub compat_function: String,
}

impl Row {
    /// A line's cell: `3`, `4=sys_newstat`, `5+compat_sys_open`, `134=` without a function.
    fn parse(name: &str, cell: &str) -> Option<Self> {
        let (cell, compat_function) = cell.split_once('+').unwrap_or((cell, ""));
        let (number, function) = match cell.split_once('=') {
            Some((number, function)) => (number, function.to_owned()),
            None => (cell, usual(name)),
        };
        Some(Self {
            number: number.parse().ok()?,
            name: name.to_owned(),
            function,
            compat_function: compat_function.to_owned(),
        })
    }
}

/// The name of a syscall's function, unless the table has another one.
pub fn usual(name: &str) -> String {
    format!("sys_{name}")
}

/// The cell of a machine that has no such syscall.
pub const NONE: &str = "-";

/// A machine's rows, in the order of their numbers and names. A machine without a column has no rows. `Err` is the line
/// that cannot be read.
pub fn rows(table: &str, machine: &str) -> Result<Vec<Row>, String> {
    let mut lines = table.lines().filter(|line| !line.starts_with('#'));
    let mut names = lines.next().unwrap_or_default().split(' ').skip(1);
    let Some(column) = names.position(|name| name == machine) else {
        return Ok(Vec::new());
    };
    let mut rows = Vec::new();
    for line in lines {
        let unreadable = || format!("no cell of `{machine}` in `{line}`");
        let mut cells = line.split(' ');
        let name = cells.next().ok_or_else(unreadable)?;
        match cells.nth(column).ok_or_else(unreadable)? {
            NONE => {}
            cell => rows.push(Row::parse(name, cell).ok_or_else(unreadable)?),
        }
    }
    rows.sort();
    Ok(rows)
}

/// A machine's numbers and its table, as Rust.
pub fn rust(rows: &[Row]) -> String {
    let mut text = String::from("#[allow(non_upper_case_globals)]\nimpl nr {\n");
    for Row { number, name, .. } in rows {
        let name = identifier(name);
        let _ = writeln!(text, "    pub const {name}: c_ulong = {number};");
    }
    text += "}\n\nconst SYSCALLS: &str = \"\\\n";
    for Row {
        number,
        name,
        function,
        compat_function,
    } in rows
    {
        let [function, compat_function] = [function, compat_function].map(|name| match &**name {
            "" => NONE,
            name => name,
        });
        let _ = writeln!(text, "{number} {name} {function} {compat_function}");
    }
    text += "\";\n";
    text
}

fn identifier(name: &str) -> &str {
    match name {
        // The only name that is a Rust keyword.
        "break" => "r#break",
        name => name,
    }
}
