//! Promise: the C types are Rust's own. They are those of `core::ffi` on the machine that the tests run on, and as wide
//! as those of rustc's targets on all other machines.

mod facts;

use std::{any::TypeId, collections::BTreeSet, env, process::Command};

use proofs::{host::output, select::Endian};

include!("../build/src/table.rs");

macro_rules! own_machine {
    ($($module:ident = $name:literal, $linux:literal, $variants:tt;)*) => {
        $(
            #[cfg(target_arch = $name)]
            use probe_abi::arch::$module as own;
        )*
        const OWN: &str = own::ARCH;
    };
}
machines!(own_machine);

/// `core::ffi` also has floating point. BPF does not have it.
macro_rules! core_ffi {
    ($($name:ident)*) => {
        [$((
            stringify!($name),
            TypeId::of::<core::ffi::$name>() == TypeId::of::<own::$name>(),
        )),*]
    };
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "another system's C types")]
fn the_types_are_those_of_core_ffi() {
    let same = core_ffi! {
        c_char c_schar c_uchar c_short c_ushort c_int c_uint c_long c_ulong c_longlong c_ulonglong
    };
    for (name, is_same) in same {
        assert!(
            is_same,
            "`{name}` of {OWN} is another type than core::ffi's"
        );
    }
    let all = facts::all();
    let own = all.iter().find(|facts| facts.machine.name == OWN);
    let names = own.expect("it is in the table").types.iter();
    let c_names: BTreeSet<&str> = names
        .map(|ty| ty.name.as_str())
        .filter(|name| name.starts_with("c_"))
        .collect();
    assert_eq!(c_names, BTreeSet::from(same.map(|(name, _)| name)));
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "another system's C types")]
fn addresses_are_as_wide_as_rusts() {
    assert_eq!(size_of::<own::size_t>(), size_of::<usize>());
    assert_eq!(size_of::<own::ssize_t>(), size_of::<isize>());
    assert_eq!(size_of::<own::ptrdiff_t>(), size_of::<isize>());
    assert_eq!(size_of::<own::uintptr_t>(), size_of::<*const u8>());
    assert_eq!(size_of::<own::intptr_t>(), size_of::<*const u8>());
    assert_eq!(size_of::<own::Ptr<u64>>(), size_of::<*const u64>());
}

/// rustc's description of one of its targets.
struct Target {
    name: String,
    cfg: String,
}

impl Target {
    fn is(&self, key: &str, value: &str) -> bool {
        let line = format!("target_{key}=\"{value}\"");
        self.cfg.lines().any(|cfg| cfg == line)
    }

    /// 32-bit pointers on a 64-bit machine: a convention of some programs, not of the kernel.
    fn has_narrow_pointers(&self) -> bool {
        ["x32", "ilp32"].iter().any(|abi| self.is("abi", abi))
    }
}

fn rustc(args: &[&str]) -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    output(Command::new(rustc).args(args)).expect("the compiler of this test runs")
}

/// The targets of Linux and of bare machines: rustc may have a machine before it has Linux for it.
fn targets() -> Vec<Target> {
    let list = rustc(&["--print", "target-list"]);
    let names = list
        .lines()
        .filter(|name| name.contains("-linux-gnu") || name.ends_with("-unknown-none"));
    let targets = names.map(|name| Target {
        name: name.to_owned(),
        cfg: rustc(&["--print", "cfg", "--target", name]),
    });
    targets.collect()
}

#[test]
fn machines_are_as_wide_as_rustcs_targets() {
    let targets = targets();
    for facts in facts::all() {
        let machine = facts.machine.name;
        let uintptr_t = facts.types.iter().find(|ty| ty.name == "uintptr_t");
        let bits = 8 * uintptr_t.expect("the alias exists").layout.size;
        for variant in facts.variants() {
            let endian = match variant.endian {
                Endian::Little => "little",
                Endian::Big => "big",
            };
            let of_machine: Vec<&Target> = targets
                .iter()
                .filter(|target| target.is("arch", machine) && target.is("endian", endian))
                .filter(|target| !target.has_narrow_pointers())
                .collect();
            assert!(
                !of_machine.is_empty(),
                "rustc has no {endian}-endian {machine}"
            );
            for target in of_machine {
                let same = target.is("pointer_width", &bits.to_string());
                assert!(same, "{machine} has {bits} bits, and {} not", target.name);
            }
        }
    }
}
