//! The facts in Go's own sources about registers and releases.

use probe_abi::machine::{GoConvention, Machine};
use proofs::{
    go::{GOARCHS, Sources},
    proof,
};

/// Compares each GOARCH's convention with the sources of a release.
pub fn agree(sources: &Sources) -> Result<(), String> {
    let mut checked = 0;
    for goarch in GOARCHS {
        let (machine, _) = goarch.machine()?;
        let go = machine.go.ok_or("there is no Go for it")?;
        agrees(sources, goarch.name, machine, &go)?;
        checked += 1;
        if go.registers_since.is_none() {
            continue;
        }
        let mut registers = go.registers.to_vec();
        registers.swap(0, 1);
        let swapped = GoConvention {
            // It may live until the test ends.
            registers: registers.leak(),
            ..go
        };
        let in_registers = go.has_registers(sources.release);
        let other_release = GoConvention {
            registers_since: Some(if in_registers { sources.release + 1 } else { 0 }),
            ..go
        };
        let wrong = [
            (in_registers, "swapped registers", swapped),
            (true, "another release's conventions", other_release),
        ];
        for (shows, what, go) in wrong {
            if shows && agrees(sources, goarch.name, machine, &go).is_ok() {
                return Err(format!("{}: {what} are not refused", goarch.name));
            }
        }
    }
    proof::checked("Go's sources", &format!("go1.{}", sources.release), checked);
    Ok(())
}

fn agrees(
    sources: &Sources,
    goarch: &str,
    machine: &Machine,
    go: &GoConvention,
) -> Result<(), String> {
    let said = has_registers(sources, goarch)?;
    if said != go.has_registers(sources.release) {
        return Err(format!(
            "{goarch} has registers in go1.{}: {said} by Go's sources",
            sources.release
        ));
    }
    if !said {
        return Ok(());
    }
    let names = registers(sources, goarch)?;
    let slots = names.iter().map(|name| {
        let of_kernel = match goarch {
            "amd64" if name.ends_with('X') || name.ends_with('I') => format!("r{name}"),
            "arm64" => name.replace('R', "x"),
            _ => name.clone(),
        };
        let register = machine.register(&of_kernel.to_lowercase());
        register
            .map(|register| register.slot)
            .map_err(|error| error.to_string())
    });
    let slots = slots.collect::<Result<Vec<_>, _>>()?;
    match slots == go.registers {
        true => Ok(()),
        false => Err(format!(
            "{goarch}: by Go's sources the registers are {names:?}"
        )),
    }
}

/// Whether arguments are in registers: `internal/buildcfg` has one `switch` for it. Before that package existed, they
/// were not.
fn has_registers(sources: &Sources, goarch: &str) -> Result<bool, String> {
    let Some(text) = sources.file("internal/buildcfg/exp.go") else {
        return match sources.release < 17 {
            true => Ok(false),
            false => Err("the sources have no `internal/buildcfg/exp.go`".into()),
        };
    };
    let mut is_ours = false;
    for line in text.lines().map(str::trim) {
        if let Some(names) = line.strip_prefix("case ") {
            is_ours = names.contains(&format!("\"{goarch}\""));
        } else if line.starts_with("baseline := ") {
            return Ok(false);
        } else if is_ours && line == "regabiSupported = true" {
            return Ok(true);
        }
    }
    Err("`internal/buildcfg/exp.go` has no `baseline`".into())
}

/// `ParamIntRegNames`, in the rules from which the compiler is made.
fn registers(sources: &Sources, goarch: &str) -> Result<Vec<String>, String> {
    let of_both_orders = goarch.strip_suffix("le").unwrap_or(goarch).to_uppercase();
    let text = ["_gen", "gen"].into_iter().find_map(|folder| {
        sources.file(&format!(
            "cmd/compile/internal/ssa/{folder}/{of_both_orders}Ops.go"
        ))
    });
    let text = text.ok_or("the sources have no rules for it")?;
    let (_, behind) = text
        .split_once("ParamIntRegNames:")
        .ok_or("the rules name no registers")?;
    let names = behind.split('"').nth(1).unwrap_or_default();
    Ok(names.split_whitespace().map(str::to_owned).collect())
}
