//! Probes on functions of Go, compared with the same probes in C, which name registers and offsets.

use std::fmt::Write;

use probe_abi::machine::{GoConvention, GoPlace, GoShape, Machine};
use proofs::{
    bpf::Toolchain,
    c::{self, Compiler},
    ctx,
    executed::of_library,
    object::Object,
    pairs,
    proof::none,
    select::{self, Endian},
};

/// `func(*T, string, int32, []byte, []byte, string, uint64)`: on each machine the last parameters are on the stack.
const SIGNATURE: &str = "fn(receiver: Ptr<c_void>, text: GoString, number: i32, a: GoSlice<u8>, b: GoSlice<u8>, \
    c: GoSlice<u8>, far_text: GoString, far_number: u64)";

/// The parameter that each probe reads: its name, its number, the number of its components, and their size.
const READ: [(&str, usize, usize, usize); 4] = [
    ("text", 1, 2, 0),
    ("number", 2, 1, 4),
    ("far_text", 6, 2, 0),
    ("far_number", 7, 1, 8),
];

/// The probes have no more instructions than those in C.
pub fn beside_c(toolchain: &Toolchain, endian: Endian) -> Result<(), String> {
    let machines: Vec<_> = select::MACHINES
        .iter()
        .filter(|row| row.variant(endian).is_some())
        .filter_map(|row| Machine::named(row.name))
        .filter_map(|machine| Some((machine, machine.go?)))
        .filter(|(_, go)| go.goarch(of_library(endian)).is_some())
        .collect();
    let (mut rust, mut c) = (
        String::from("use core::ffi::c_void;\n"),
        String::from(
            "typedef unsigned char u8;\ntypedef unsigned int u32;\ntypedef unsigned long long u64;\n\
             static long (*const read_user)(void *, u32, u64) = (void *)112;\n",
        ),
    );
    let mut symbols = Vec::new();
    for (machine, go) in &machines {
        for release in ["InRegisters", "OnStack"] {
            if release == "InRegisters" && go.registers_since.is_none() {
                continue;
            }
            for (what, n, components, size) in READ {
                let symbol = format!("go_{}_{release}_{what}", machine.name);
                let value = match components {
                    2 => "u64::from(value.data.address()) ^ u64::from(value.length)",
                    _ => "value as u64",
                };
                let _ = writeln!(
                    rust,
                    "#[unsafe(no_mangle)]\n#[unsafe(link_section = \"uprobe\")]\n\
                     extern \"C\" fn {symbol}(ctx: *const c_void) -> u64 {{\n\
                     use probe_abi::{{arch::{0}::*, go::{release}}};\n\
                     probe_abi::prototype! {{ struct Function(Go<{SIGNATURE}, {release}>); }}\n\
                     let call = unsafe {{ Function::entry(ctx) }};\n\
                     let value = match call.read().{what}() {{ Ok(value) => value, Err(error) => return error as u64 }};\n\
                     {value}\n}}",
                    machine.name
                );
                let in_registers = release == "InRegisters";
                c += &by_hand(
                    machine,
                    go,
                    endian,
                    &symbol,
                    (n, components, size),
                    in_registers,
                )?;
                symbols.push(symbol);
            }
        }
    }
    let ours = pairs::of_all_machines("go-codegen", &rust, toolchain, endian)?;
    let ours = Object::parse(&ours)?;
    let c = Compiler::for_triple(c::clang()?, endian.bpf_target())
        .args(["-O2", "-mcpu=v1", "-nostdinc"])
        .object(&c)?;
    let c = Object::parse(&c)?;
    let mut complaints = Vec::new();
    for symbol in &symbols {
        let (ours, c) = (ours.program(symbol)?, c.program(symbol)?);
        ctx::check(&ours).map_err(|why| format!("{symbol} {why}"))?;
        if ours.len() > c.len() {
            complaints.push(format!(
                "{symbol}: {} instructions, and {} in C: {ours:?}",
                ours.len(),
                c.len()
            ));
        }
    }
    if symbols.len() < 20 {
        return Err(format!("there are only {} probes", symbols.len()));
    }
    none(complaints)
}

/// The probe in C.
fn by_hand(
    machine: &Machine,
    go: &GoConvention,
    endian: Endian,
    symbol: &str,
    (n, components, size): (usize, usize, usize),
    in_registers: bool,
) -> Result<String, String> {
    let word = usize::from(machine.word);
    let size = if size == 0 { word } else { size };
    let words = |components: u8| GoShape {
        components: Some(components),
        size: u16::from(components) * u16::from(machine.word),
        alignment: machine.word,
    };
    let integer = |size: u8| GoShape {
        components: Some(1),
        size: size.into(),
        alignment: size.min(machine.word),
    };
    let shapes = [
        words(1),
        words(2),
        integer(4),
        words(3),
        words(3),
        words(3),
        words(2),
        integer(8),
    ];
    let of_size = |size: usize| match size {
        4 => "u32",
        _ => "u64",
    };
    let place = go
        .place(&shapes, n, in_registers)
        .ok_or("there is no such parameter")?;
    let value = |first: &str, second: &str| match (components, size) {
        (2, _) => format!("return (u64)({first}) ^ (u64)({second});"),
        (_, 4) if n == 2 => format!("return (u64)(int)({first});"),
        _ => format!("return {first};"),
    };
    let body = match place {
        GoPlace::Registers(first) => {
            let load = |index: usize| {
                let slot = go.registers.get(usize::from(first) + index);
                let slot = slot.map_or(0, |slot| usize::from(slot.offset));
                let low = match endian {
                    Endian::Little => 0,
                    Endian::Big => word - size,
                };
                format!("*({} *)(ctx + {})", of_size(size), slot + low)
            };
            value(&load(0), &load(1))
        }
        GoPlace::Stack(offset) => {
            let pointer = machine.stack_pointer;
            let of_word = of_size(word);
            // On a machine of 32 bits, an address has 32 bits.
            format!(
                "{0} read[{components}];\n\
                 int error = read_user(read, sizeof read, ({of_word})(*({of_word} *)(ctx + {1}) + {offset}));\n\
                 if (error) return (u64)error;\n{2}",
                of_size(size),
                pointer.offset,
                value("read[0]", "read[1]")
            )
        }
    };
    Ok(format!(
        "__attribute__((section(\"uprobe\"))) u64 {symbol}(u8 *ctx) {{\n{body}\n}}\n"
    ))
}
