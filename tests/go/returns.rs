//! The return instructions of functions, and of the listings of Go's compiler.

use std::collections::BTreeMap;

use probe_abi_go::Function;

/// Compares them, and returns their number.
pub fn agree(functions: &[Function<'_>], listing: &str) -> Result<usize, String> {
    let listed = listed(listing);
    let mut checked = 0;
    for function in functions {
        let found: Vec<_> = function
            .returns
            .iter()
            .map(|ret| ret.place.address - function.entry.address)
            .collect();
        let name = function.name.replacen("main.", "", 1);
        let listed = listed
            .get(&name)
            .ok_or_else(|| format!("`{name}` is not in the listing"))?;
        if found != *listed {
            return Err(format!(
                "`{name}` returns at {listed:x?} by the listing, and is said to at {found:x?}"
            ));
        }
        checked += found.len();
    }
    Ok(checked)
}

/// The offsets of return instructions, by the function's name without its package.
fn listed(listing: &str) -> BTreeMap<String, Vec<u64>> {
    let mut all: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut current = String::new();
    for line in listing.lines() {
        if !line.starts_with([' ', '\t']) {
            // `main.f0 STEXT size=…`, or `"".f0 STEXT …` in old releases.
            if let Some((name, _)) = line.split_once(" STEXT") {
                let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
                current = name.to_owned();
                all.entry(current.clone()).or_default();
            }
            continue;
        }
        // `	0x0024 00036 (main.go:5)	RET`
        let mut columns = line.split('\t').skip(1);
        let (Some(at), Some(instruction)) = (columns.next(), columns.next()) else {
            continue;
        };
        let offset = at
            .split(' ')
            .next()
            .and_then(|at| u64::from_str_radix(at.strip_prefix("0x")?, 16).ok());
        let rest: Vec<_> = columns.collect();
        // The assembler of each machine writes it in its own way.
        let is_return = match instruction {
            "RET" => true,
            "JMP" => matches!(rest[..], ["(R31)" | "(R14)" | "(R1)" | "LR" | "R14"]),
            "JALR" => rest == ["X0, X1"],
            "MOVW.P" => rest.iter().any(|operands| operands.ends_with("(R13), R15")),
            _ => false,
        };
        if let (Some(offset), true) = (offset, is_return) {
            all.entry(current.clone()).or_default().push(offset);
        }
    }
    all
}
