//! `probe_abi.h`, which C beside Rust includes.

use std::fmt::Write as _;

use crate::select::Machine;

/// The same `pt_regs` that the bindings are generated from, and the C types by their Rust names. In C that is compiled
/// for BPF, `long` is BPF's `long`.
pub(crate) fn probe_abi_h(machine: &Machine) -> String {
    let mut text = format!(
        "/* The C types and pt_regs of {}, as probe-abi-build wrote them. */\n#pragma once\n\n",
        machine.name
    );
    for (name, integer) in c_types(machine.bindings) {
        let sign = if integer.starts_with('u') { "U" } else { "" };
        let bits = &integer[1..];
        let _ = writeln!(text, "typedef __{sign}INT{bits}_TYPE__ {name};");
    }
    // The system's headers define the other names: `size_t`, `__u32` and so on.
    text + "\n" + &pt_regs(machine)
}

/// The machine's `struct pt_regs` in C. If its header includes that of another machine, the text of that header is part
/// of it.
pub(crate) fn pt_regs(machine: &Machine) -> String {
    let included = |line: &str| {
        let name = line.trim_end().strip_prefix("#include \"")?;
        Machine::named(name.strip_suffix(".h\"")?).map(pt_regs)
    };
    let lines = machine.header.split_inclusive('\n');
    lines
        .map(|line| included(line).unwrap_or_else(|| line.to_owned()))
        .collect()
}

/// The aliases whose names start with `c_`, each with its integer: `("c_long", "i32")`.
fn c_types(bindings: &str) -> impl Iterator<Item = (&str, &str)> {
    bindings.lines().filter_map(|line| {
        let (name, integer) = line
            .strip_prefix("pub type ")?
            .strip_suffix(';')?
            .split_once(" = ")?;
        name.starts_with("c_").then_some((name, integer))
    })
}
