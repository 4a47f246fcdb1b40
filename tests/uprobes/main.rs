//! Promise: on this kernel, typed uprobes and uretprobes see the values that C functions are called with and return:
//! twelve parameters, narrow and negative ones, pointers, `_Bool`, an `enum`, a pointer to a function, strings, `...`.
//! They see them from debug builds and from release builds, with each way of reading ctx.
//!
//! gcc and clang compile the functions, which record the values that they get.

mod compat;

use std::{
    env::consts,
    ffi::{CString, c_char, c_int, c_void},
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use aya::{
    Ebpf,
    maps::Array,
    programs::{UProbe, uprobe::UProbeScope},
};
use proofs::{
    bpf::{Probe, Reads, Toolchain, root},
    c::Compiler,
    host::{cannot, run, write_if_new},
    proof::{self, Proof},
    select::{Endian, Machine},
};

/// The machine that the probes are built for.
const MACHINE: &str = "x86_64";

fn main() {
    let toolchain = Toolchain::find();
    let of_32_bits = compat::proof(toolchain.clone());
    let ways = match &toolchain {
        Ok(toolchain) => toolchain.ways(),
        Err(_) => Vec::new(),
    };
    let missing = toolchain.err().map(|why| {
        let name = proof::name(MACHINE, None, "typed uprobes");
        Proof::new(name, Err(why), || Ok(()))
    });
    let mut proofs: Vec<Proof> = missing.into_iter().collect();
    for (reads, toolchain) in ways {
        for profile in ["dev", "release"] {
            let toolchain = toolchain.clone();
            let what = format!("typed uprobes, {profile}, {reads}");
            proofs.push(Proof::new(
                proof::name(MACHINE, None, &what),
                needs(),
                move || sees_everything(&toolchain, profile, reads),
            ));
        }
    }
    proofs.push(of_32_bits);
    proof::run(proofs)
}

fn needs() -> Result<(), String> {
    for (_, compiler) in compilers() {
        compiler?;
    }
    if consts::ARCH != MACHINE {
        return Err(format!("this computer is no {MACHINE}"));
    }
    proof::uprobes()
}

type Found = Result<Compiler, String>;

fn compilers() -> [(&'static str, Found); 2] {
    let variant = Machine::named(MACHINE).map(|machine| &machine.variants[0]);
    let found = |of: fn(&'static proofs::select::Variant) -> Found| match variant {
        Some(variant) => of(variant),
        None => Err(format!("`{MACHINE}` is not a row of the table")),
    };
    [
        ("gcc", found(Compiler::gcc)),
        ("clang", found(Compiler::clang)),
    ]
}

/// A program of the package, compiled.
fn built(toolchain: &Toolchain, profile: &'static str, name: &str) -> Result<Vec<u8>, String> {
    let machine = Machine::named(MACHINE).ok_or("not a row of the table")?;
    let package = root().join("tests/uprobes/probe");
    Probe::new(&package, machine, Endian::Little)
        .args(&["--locked", "--bin", name])
        .profile(profile)
        .object(toolchain, name)
}

fn sees_everything(
    toolchain: &Toolchain,
    profile: &'static str,
    reads: Reads,
) -> Result<(), String> {
    let object = built(toolchain, profile, "typed-uprobes")?;
    // Otherwise the probes would also see the calls of another proof.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, compiler) in compilers() {
        for level in ["-O0", "-O2"] {
            let compiler = compiler.clone()?.args([level]);
            let library = Library::new(&compiler, &format!("{name}{level}-{profile}-{reads}"))?;
            let compared = library.compare(&object);
            compared.map_err(|error| format!("functions of {name} {level}: {error}"))?;
        }
    }
    Ok(())
}

/// The functions, loaded into this process.
struct Library {
    path: PathBuf,
    handle: *mut c_void,
}

unsafe extern "C" {
    // dlopen(3)
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

const RTLD_NOW: c_int = 2;

impl Library {
    fn new(compiler: &Compiler, name: &str) -> Result<Self, String> {
        let folder = root().join("target/uprobes");
        // A process does not load a file again from the same path.
        let path = folder.join(format!("{name}.so").replace(' ', "-"));
        let source = Path::new("tests/uprobes/functions.c");
        // A file that is mapped must not be written to.
        write_if_new(&folder.join("README"), "What tests/uprobes has compiled.\n")?;
        let new = path.with_extension("new");
        let mut command = compiler.command();
        command
            .current_dir(root())
            .args(["-shared", "-fPIC", "-w", "-o"])
            .args([&new, source]);
        run(&mut command)?;
        fs::rename(&new, &path).map_err(cannot("rename", &new))?;
        let c_path =
            CString::new(path.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
        // SAFETY: the library has nothing that runs when it is loaded.
        let handle = unsafe { dlopen(c_path.as_ptr(), RTLD_NOW) };
        match handle.is_null() {
            false => Ok(Self { path, handle }),
            true => Err(format!("cannot load `{}`", path.display())),
        }
    }

    fn symbol<T>(&self, name: &str) -> Result<*mut T, String> {
        let c_name = CString::new(name).map_err(|error| error.to_string())?;
        // SAFETY: the handle is of a library that stays loaded.
        let symbol = unsafe { dlsym(self.handle, c_name.as_ptr()) };
        match symbol.is_null() {
            false => Ok(symbol.cast()),
            true => Err(format!("`{}` has no `{name}`", self.path.display())),
        }
    }

    /// A variable of the functions.
    fn variable<const LENGTH: usize>(&self, name: &str) -> Result<[i64; LENGTH], String> {
        let variable = self.symbol::<[i64; LENGTH]>(name)?;
        // SAFETY: `functions.c` has it with that length, and only this thread runs the functions that change it.
        Ok(unsafe { variable.read_volatile() })
    }

    /// Compares the values that probes see with those that the functions record.
    fn compare(&self, object: &[u8]) -> Result<(), String> {
        let mut ebpf = attached(object, &self.path).map_err(|error| causes(&*error))?;
        let sent = self.symbol::<[i64; 12]>("sent")?;
        let call_all = self.symbol::<c_void>("call_all")?;
        // SAFETY: `void call_all(void)`.
        let call_all: unsafe extern "C" fn() = unsafe { std::mem::transmute(call_all) };
        let mixed: [i64; 12] =
            std::array::from_fn(|n| 0x1122_3344_5566_7788_i64.rotate_left(5 * n as u32));
        for values in [
            mixed,
            mixed.map(|value| !value),
            [-100; 12],
            [i64::MIN | 0x7f; 12],
        ] {
            // SAFETY: as in `variable`.
            unsafe { sent.write_volatile(values) };
            // SAFETY: it is a C function without parameters.
            unsafe { call_all() };
            let seen = seen(&mut ebpf).map_err(|error| error.to_string())?;
            let received: [i64; 12] = self.variable("received")?;
            let [return_address] = self.variable("return_address")?;
            let returned: [i64; 6] = self.variable("returned")?;
            same("parameters", &seen[..12], &received)?;
            same("a register by `read`", &seen[12..13], &received[3..4])?;
            same("return address", &seen[13..14], &[return_address])?;
            let cut = i64::from_ne_bytes(*b"twelve \0");
            same("string that is cut", &seen[14..16], &[7, cut])?;
            same(
                "parameter before `...`",
                &seen[16..18],
                &[received[5], b't'.into()],
            )?;
            same("returned values", &seen[20..26], &returned)?;
        }
        Ok(())
    }
}

fn same(what: &str, seen: &[i64], said: &[i64]) -> Result<(), String> {
    match seen == said {
        true => Ok(()),
        false => Err(format!(
            "{what}: the probe saw {seen:x?}, and the functions say {said:x?}"
        )),
    }
}

fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

type Failure = Box<dyn std::error::Error>;

/// The probes, each on its function.
fn attached(object: &[u8], library: &Path) -> Result<Ebpf, Failure> {
    let mut ebpf = Ebpf::load(object)?;
    for (name, program) in ebpf.programs_mut() {
        let function = match name.strip_prefix("on_") {
            Some(function) => function,
            None => name
                .strip_suffix("_returned")
                .ok_or("a program has another name")?,
        };
        let program: &mut UProbe = program.try_into()?;
        program
            .load()
            .map_err(|error| format!("{name}: {error:?}"))?;
        program.attach(function, library, UProbeScope::CallingProcess)?;
    }
    Ok(ebpf)
}

fn seen(ebpf: &mut Ebpf) -> Result<[i64; 32], Failure> {
    let bss = ebpf.map(".bss").ok_or("there is no map `.bss`")?;
    let seen: Array<_, [i64; 32]> = bss.try_into()?;
    Ok(seen.get(&0, 0)?)
}
